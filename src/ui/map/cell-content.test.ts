import { describe, expect, test } from 'vitest';
import { defined } from '../../checked.ts';
import { defaultSpec } from '../../experiment/schema.ts';
import { rankTable } from '../../studies/map/rank-table.ts';
import { palette } from '../colour.ts';
import { en } from '../../words/en.ts';
import { contentOf, signed, span, versusEnd } from './cell-content.ts';

const modules = ['q', 'v', 'down'].map((role, i) => ({
  path: `m${i}`,
  layer: 0,
  role,
  group: 'attention',
  inFeatures: 64,
  outFeatures: 64,
}));
const contents = (draws: number[][], versus: number | null = null) => {
  const table = rankTable({ modules, draws }, defaultSpec().allocation);
  return table.rows.map((row) =>
    contentOf(row, {
      table,
      words: en,
      palette: palette(false),
      end: 4,
      probing: new Set([1]),
      drawn: { done: draws.map((d) => d.length), of: 5 },
      versus,
      certainty: en.map.certainty.whole,
    }),
  );
};

describe('a cell', () => {
  test('is empty until its module is probed', () => {
    const [q, v] = contents([[4], [], []]);
    expect(q).toMatchObject({ text: '', ticks: { done: 1, of: 5 }, now: false });
    expect(defined(q).fill).not.toBeNull();
    expect(v).toMatchObject({ text: '', fill: null, now: true, name: 'layer 0 v, not probed yet' });
  });

  test('shows the rank so far after the first sweep, and no range before the third', () => {
    expect(contents([[1], [2], [3]]).map((f) => [f.text, f.settled])).toEqual([
      ['4', false],
      ['8', false],
      ['12', false],
    ]);
    expect(
      contents([
        [1, 1.2],
        [2, 2.1],
        [3, 2.9],
      ]).every((f) => /^\d+$/.test(f.text)),
    ).toBe(true);
  });

  test('is bold when one rank is left, a range when several are, "about" where it is narrow', () => {
    const [q, , down] = contents([
      [1, 1, 1],
      [2, 2.6, 1.4],
      [3.1, 3.1, 3.1],
    ]);
    expect(defined(q).text).toMatch(/^\d+(–\d+)?$/);
    expect(defined(down).name).toMatch(/rank \d+(–\d+)?, (not )?settled/);
    const open = contents([
      [1, 1.3, 0.7],
      [2, 2.6, 1.4],
      [3, 2, 4],
    ]);
    expect(open.map((f) => f.settled)).toContain(false);
    for (const f of open.filter((o) => !o.settled)) {
      expect(f.text).toMatch(/^\d+–\d+$/);
      expect(f.short).toMatch(/^\d+~$/);
    }
  });

  test('shows the difference to uniform with a sign', () => {
    expect(contents([[1], [2], [3]], 8).map((f) => f.text)).toEqual(['−4', '0', '+4']);
  });
});

test('signs and ranges are written with the right strokes', () => {
  expect([signed(3), signed(-3), signed(0), span(4, 4), span(4, 6)]).toEqual([
    '+3',
    '−3',
    '0',
    '4',
    '4–6',
  ]);
});

test('the diverging scale is symmetric and even', () => {
  const table = rankTable({ modules, draws: [[1], [2], [6]] }, defaultSpec().allocation);
  expect(versusEnd(table, 8)).toBe(8);
});
