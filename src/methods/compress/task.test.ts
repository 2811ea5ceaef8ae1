/** Samples as training batches: every label in its position, little padding. */
import { expect, it } from 'vitest';
import { defined, elementAt } from '../../checked.ts';
import { answersOf, layOut, type Sample } from './task.ts';

it('every right answer occurs once as labels, in batches of similar length', () => {
  const samples: Sample[] = Array.from({ length: 30 }, (_, i) => ({
    ids: Int32Array.from({ length: 3 + ((7 * i) % 20) }, (__, t) => 1 + t + i),
    options: [Int32Array.of(900 + i), Int32Array.of(500 + i, 600 + i)],
    answer: i % 2,
  }));
  const batches = answersOf(layOut(samples, 'mean', 512), 64);
  const found: string[] = [];
  let empty = 0;
  for (const { ids, labels, sequences, length } of batches) {
    expect(sequences * length).toBeLessThanOrEqual(Math.max(64, length));
    for (let s = 0; s < sequences; s++) {
      const own = [
        ...defined(labels)
          .subarray(s * length, (s + 1) * length)
          .entries(),
      ].filter(([, label]) => label >= 0);
      if (own.length === 0) {
        empty++;
        continue;
      }
      const last = elementAt(own, -1)[0];
      expect(length - 1 - last).toBeLessThan(4);
      found.push(
        [...ids.subarray(s * length, s * length + last + 1), elementAt(own, -1)[1]].join() +
          '|' +
          own.map(([at, label]) => `${at}:${label}`).join(),
      );
    }
  }
  expect(empty).toBeLessThan(batches.length);
  expect(found.sort()).toEqual(
    samples
      .map(({ ids, options, answer }) => {
        const own = elementAt(options, answer);
        return (
          [...ids, ...own].join() +
          '|' +
          [...own].map((label, i) => `${ids.length - 1 + i}:${label}`).join()
        );
      })
      .sort(),
  );
});

it('plain text predicts every token but the first', () => {
  const [batch, ...rest] = answersOf(
    layOut([{ ids: Int32Array.of(5, 6, 7, 8, 9), options: [], answer: 0 }], 'sum', 64),
    64,
  );
  expect(rest).toEqual([]);
  expect([...defined(defined(batch).labels)]).toEqual([6, 7, 8, 9]);
});
