import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { elementAt } from '../../checked.ts';
import { planBatches } from './batches.ts';

describe('planBatches', () => {
  it('forms one batch of few rows, and even batches of many', () => {
    const seven = new Array<number>(7).fill(2);
    expect(planBatches(seven, 100, 42)).toEqual({ entries: 14, batches: [[0, 7]] });
    // 14 entries fill a batch 1.75 times: one large batch, not two with padding.
    expect(planBatches(seven, 100, 8)).toEqual({ entries: 14, batches: [[0, 7]] });
    expect(planBatches(seven, 100, 4)).toEqual({
      entries: 6,
      batches: [
        [0, 3],
        [3, 6],
        [6, 7],
      ],
    });
    expect(planBatches(seven, 5, 42)).toEqual({
      entries: 4,
      batches: [
        [0, 2],
        [2, 4],
        [4, 6],
        [6, 7],
      ],
    });
    expect(planBatches(seven, 1, 1)).toMatchObject({ entries: 2 });
  });

  it('covers every probe once, in order, within the limit', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(1, 2), { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 2, max: 40 }),
        fc.integer({ min: 1, max: 40 }),
        (sizes, max, full) => {
          const { entries, batches } = planBatches(sizes, max, full);
          expect(entries).toBeLessThanOrEqual(max);
          expect(batches.map(([first]) => first)).toEqual([
            0,
            ...batches.slice(0, -1).map(([, end]) => end),
          ]);
          expect(elementAt(batches, -1)[1]).toBe(sizes.length);
          for (const [first, end] of batches) {
            const filled = sizes.slice(first, end).reduce((a, b) => a + b, 0);
            expect(filled).toBeGreaterThan(0);
            expect(filled).toBeLessThanOrEqual(entries);
          }
        },
      ),
    );
  });
});
