import { expect, test } from 'vitest';
import { grown } from '../bench/soak/growth.ts';
import type { Holding } from '../bench/soak/place.ts';

const holding = (heap: number): Holding => ({
  heap,
  resident: null,
  nodes: 100,
  listeners: 10,
  threads: 1,
  files: 0,
  fileBytes: 0,
  records: 1,
});

const heapOf = (...counts: number[]) =>
  grown(counts.map(holding)).find(({ what }) => what === 'heap');

test('a single high count is not growth', () => {
  const counts = [10, 10, 11, 10, 14, 10, 10, 10, 10, 12, 10, 10];
  expect(heapOf(...counts)).toEqual({ what: 'heap', early: 10, late: 10, most: 14, flat: true });
});

test('counts that end more than 5 % above where they began are growth', () => {
  expect(heapOf(10, 10, 10.2, 10.4, 10.4, 10.6, 10.6, 10.8)).toMatchObject({ flat: false });
  expect(heapOf(10, 10, 10.2, 10.2, 10.2, 10.4, 10.4, 10.4)).toMatchObject({ flat: true });
});

test('counts that a system does not report are ignored', () => {
  expect(grown([holding(1), holding(1)]).map(({ what }) => what)).not.toContain('resident');
});
