import { expect, test } from 'vitest';
import { elementAt } from '../../../checked.ts';
import type { RaceRun } from '../../../studies/race/state.ts';
import { RACE_ENTRIES } from '../../../studies/race/entries.ts';
import { chartRows, curvesOf } from './curves.ts';
import { LOOKS } from './look.ts';

const run = (
  entry: RaceRun['entry'],
  seed: number,
  losses: number[],
  over: Partial<RaceRun> = {},
): RaceRun => ({
  entry,
  meanRank: 1,
  seed,
  ranks: [],
  parameters: 0,
  step: 0,
  points: losses.map((loss, i) => ({ step: 10 * i, loss })),
  milliseconds: 0,
  stopped: null,
  finished: true,
  ...over,
});

test('the thick line is the mean of the seeds that are through; a first seed is shown as it grows', () => {
  const growing = curvesOf(
    [run('adarank', 1, [5, 4], { finished: false })],
    ['adarank', 'uniform'],
    1,
  );
  expect(growing).toEqual([
    {
      entry: 'adarank',
      seeds: [
        {
          seed: 1,
          points: [
            { step: 0, loss: 5 },
            { step: 10, loss: 4 },
          ],
        },
      ],
      mean: [
        { step: 0, loss: 5 },
        { step: 10, loss: 4 },
      ],
    },
  ]);
  const runs = [
    run('adarank', 1, [5, 4, 3]),
    run('adarank', 2, [5, 4.5, 4]),
    run('adarank', 3, [5, 1], { finished: false }),
    run('adarank', 1, [9, 9, 9], { meanRank: 2 }),
  ];
  expect(elementAt(curvesOf(runs, ['adarank'], 1), 0).mean).toEqual([
    { step: 0, loss: 5 },
    { step: 10, loss: 4.25 },
    { step: 20, loss: 3.5 },
  ]);
});

test('rows have a column for every mean and, where there are several, every seed', () => {
  const rows = chartRows(
    curvesOf(
      [run('adarank', 1, [5, 4]), run('adarank', 2, [5, 3]), run('uniform', 1, [5, 4.5])],
      ['uniform', 'adarank'],
      1,
    ),
  );
  expect(rows).toEqual([
    { x: 0, uniform: 5, adarank: 5, 'adarank 1': 5, 'adarank 2': 5 },
    { x: 10, uniform: 4.5, adarank: 3.5, 'adarank 1': 4, 'adarank 2': 3 },
  ]);
});

test('no two entries look the same', () => {
  expect(new Set(RACE_ENTRIES.map((e) => `${LOOKS[e].stroke} ${LOOKS[e].dash}`)).size).toBe(
    RACE_ENTRIES.length,
  );
});
