import { expect, test } from 'vitest';
import type { ModuleGroup, ModuleRole } from '../compiler/modules.ts';
import { mapLayout, moveOnMap } from './layout.ts';

const layer = (layer: number, roles: [ModuleRole, ModuleGroup][]) =>
  roles.map(([role, group]) => ({ layer, role, group }));
const llama: [ModuleRole, ModuleGroup][] = [
  ['q', 'attention'],
  ['k', 'attention'],
  ['v', 'attention'],
  ['o', 'attention'],
  ['gate', 'mlp'],
  ['up', 'mlp'],
  ['down', 'mlp'],
];

test('a Llama has seven columns in two groups', () => {
  const layout = mapLayout(
    [0, 1, 2].flatMap((l) => layer(l, llama)),
    3,
  );
  expect(layout.columns.map((c) => c.role)).toEqual(['q', 'k', 'v', 'o', 'gate', 'up', 'down']);
  expect(layout.groups).toEqual([
    { group: 'attention', from: 0, count: 4 },
    { group: 'mlp', from: 4, count: 3 },
  ]);
  expect(layout.cells).toEqual(Array.from({ length: 21 }, (_, i) => i));
});

test('layers may differ: what is missing is a gap, what is double has two columns', () => {
  const modules = [
    ...layer(0, [
      ['fc', 'mlp'],
      ['q', 'attention'],
    ]),
    ...layer(1, [
      ['q', 'attention'],
      ['other', 'other'],
      ['other', 'other'],
    ]),
  ];
  const layout = mapLayout(modules, 2);
  expect(layout.columns.map((c) => c.role)).toEqual(['q', 'fc', 'other', 'other 2']);
  expect(layout.cells).toEqual([1, 0, -1, -1, 2, -1, 3, 4]);
  // The cell to the right of q in the second layer is empty, so the next module is chosen.
  expect(moveOnMap({ layout, from: 2, key: 'ArrowRight', ctrl: false })).toBe(3);
  expect(moveOnMap({ layout, from: 0, key: 'ArrowDown', ctrl: false })).toBe(0);
});

test('keys move as in a grid and stop at its edges', () => {
  const layout = mapLayout(
    [0, 1, 2, 3, 4, 5, 6, 7].flatMap((l) => layer(l, llama)),
    8,
  );
  const from = 6 * 7 + 6;
  expect(moveOnMap({ layout, from, key: 'ArrowUp', ctrl: false })).toBe(5 * 7 + 6);
  expect(moveOnMap({ layout, from, key: 'ArrowRight', ctrl: false })).toBe(from);
  expect(moveOnMap({ layout, from, key: 'Home', ctrl: false })).toBe(6 * 7);
  expect(moveOnMap({ layout, from, key: 'Home', ctrl: true })).toBe(0);
  expect(moveOnMap({ layout, from, key: 'End', ctrl: true })).toBe(55);
  expect(moveOnMap({ layout, from, key: 'PageUp', ctrl: false })).toBe(7 + 6);
  expect(moveOnMap({ layout, from, key: 'PageDown', ctrl: false })).toBe(55);
  expect(moveOnMap({ layout, from, key: 'x', ctrl: false })).toBeNull();
});
