import { describe, expect, test } from 'vitest';
import { defined, elementAt } from '../checked.ts';
import { byLayer, byRole, certainty } from './series.ts';

const modules = [0, 1].flatMap((layer) =>
  [
    ['q', 'attention'],
    ['v', 'attention'],
    ['down', 'mlp'],
  ].map(([role, group]) => ({
    path: `${layer}.${role}`,
    layer,
    role: defined(role),
    group: defined(group),
    inFeatures: 4,
    outFeatures: 4,
  })),
);
/** Sweep means are 4 and 8: the scale of a sweep must not matter. */
const draws = [
  [1, 2],
  [3, 6],
  [8, 16],
  [2, 4],
  [2, 4],
  [8, 16],
];

describe('importance', () => {
  test('by layer is the mean multiple of its modules, with an interval over sweeps', () => {
    const [first, second] = byLayer(modules, draws, 2);
    expect(defined(first).attention).toEqual({ mean: 0.5, low: 0.5, high: 0.5 });
    expect(defined(defined(first).mlp).mean).toBe(2);
    expect(defined(second).other).toBeNull();
  });

  test('by role averages over layers to the same total', () => {
    const roles = byRole(modules, draws);
    expect(roles.map((r) => [r.role, r.multiple.mean])).toEqual([
      ['q', 0.375],
      ['v', 0.625],
      ['down', 2],
    ]);
    expect(roles.reduce((sum, r) => sum + r.multiple.mean * r.modules, 0)).toBeCloseTo(6);
  });

  test('counts whole sweeps only', () => {
    const partial = draws.map((d, i) => (i < 2 ? d : d.slice(0, 1)));
    expect(elementAt(byRole(modules, partial), 2).multiple).toEqual({ mean: 2, low: 2, high: 2 });
    expect(
      byLayer(
        modules,
        draws.map((d, i) => (i ? d : [])),
        2,
      ),
    ).toEqual([]);
  });
});

test('certainty is the standard error after each repeat', () => {
  expect(
    certainty([
      [1, 3, 2],
      [2, 2, 2],
    ]),
  ).toEqual([
    { repeats: 2, median: 50, worst: 50 },
    {
      repeats: 3,
      median: expect.closeTo(100 / Math.sqrt(3) / 2, 9),
      worst: expect.closeTo(100 / Math.sqrt(3) / 2, 9),
    },
  ]);
});
