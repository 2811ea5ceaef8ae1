/**
 * Tests decompositions on threads: the same numbers as in this thread, errors as sentences, and
 * termination when no more results are needed.
 */
import { expect, it, vi } from 'vitest';
import { elementAt } from '../src/checked.ts';
import { fillNormal, streamKeys } from '../src/device/random.ts';
import { decompose, type SvdJob } from '../src/methods/compress/decompositions.ts';
import { decomposedBy, type Threads } from '../src/methods/compress/pool.ts';
import { nodeThreads } from './svd-threads.ts';

vi.setConfig({ testTimeout: 60_000 }); // starting a thread takes seconds on a busy machine

const two: Threads = { ...nodeThreads, count: 2 };
const job = ({
  index,
  outFeatures,
  inFeatures,
  blocks,
  split = 'contiguous',
}: {
  index: number;
  outFeatures: number;
  inFeatures: number;
  blocks: number;
  split?: 'contiguous' | 'kmeans';
}): SvdJob => ({
  module: { index, path: `layer ${index}`, outFeatures, inFeatures },
  splitting: { blocks, split, seed: 1 },
  w: fillNormal(streamKeys(index, 0, 0), new Float32Array(outFeatures * inFeatures)),
});
const jobs = [
  job({ index: 0, outFeatures: 40, inFeatures: 30, blocks: 1 }),
  job({ index: 1, outFeatures: 30, inFeatures: 40, blocks: 2 }),
  job({ index: 2, outFeatures: 48, inFeatures: 24, blocks: 4 }),
  job({ index: 3, outFeatures: 20, inFeatures: 20, blocks: 3, split: 'kmeans' }),
  job({ index: 4, outFeatures: 12, inFeatures: 60, blocks: 1 }),
];

it('returns the results of one thread, and runs every job once', async () => {
  const found = new Map<number, unknown>();
  for await (const { job: number, blocks } of decomposedBy(
    two,
    jobs.map((j) => () => j),
  )) {
    expect(found.has(number)).toBe(false);
    found.set(number, blocks);
  }
  expect(jobs.map((_, i) => found.get(i))).toEqual(jobs.map((j) => decompose(j)));
});

it('reports an invalid weight', async () => {
  const bad = job({ index: 1, outFeatures: 8, inFeatures: 8, blocks: 1 });
  bad.w[3] = NaN;
  const run = async () => {
    for await (const done of decomposedBy(
      two,
      [elementAt(jobs, 0), bad, elementAt(jobs, 1)].map((j) => () => j),
    ))
      void done;
  };
  await expect(run()).rejects.toThrow(
    'The weight of layer 1 has values that are not finite, so it has no components to remove.',
  );
  await expect(
    decomposedBy(two, [() => job({ index: 2, outFeatures: 10, inFeatures: 8, blocks: 4 })]).next(),
  ).rejects.toThrow('4 row blocks do not divide the 10 rows of layer 2.');
});

it('ends its threads when stopped, and reports a thread that died', async () => {
  const closed: number[] = [];
  const counted: Threads = {
    count: 2,
    open: () => {
      const thread = nodeThreads.open();
      return {
        ...thread,
        close: () => {
          closed.push(1);
          thread.close();
        },
      };
    },
  };
  let asked = 0;
  for await (const done of decomposedBy(
    counted,
    Array.from({ length: 50 }, () => () => (asked++, elementAt(jobs, 0))),
  )) {
    void done;
    break;
  }
  expect(closed).toHaveLength(2);
  expect(asked).toBeLessThan(6);
  const thread = nodeThreads.open();
  const waiting = thread.decompose(job({ index: 5, outFeatures: 600, inFeatures: 600, blocks: 1 }));
  thread.close();
  await expect(waiting).rejects.toThrow(expect.objectContaining({ code: 'cancelled' }));
});
