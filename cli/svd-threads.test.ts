/**
 * Decompositions on threads: the same numbers as here, errors as sentences, and an end when nobody
 * wants more.
 */
import { expect, it, vi } from 'vitest';
import { elementAt } from '../src/checked.ts';
import { fillNormal, streamKeys } from '../src/device/random.ts';
import { decompose, type SvdJob } from '../src/methods/compress/decompositions.ts';
import { decomposedBy, type Threads } from '../src/methods/compress/pool.ts';
import { nodeThreads } from './svd-threads.ts';

vi.setConfig({ testTimeout: 60_000 }); // starting a thread takes seconds on a busy machine

const two: Threads = { ...nodeThreads, count: 2 };
const job = (
  index: number,
  outFeatures: number,
  inFeatures: number,
  blocks: number,
  split: 'contiguous' | 'kmeans' = 'contiguous',
): SvdJob => ({
  module: { index, path: `layer ${index}`, outFeatures, inFeatures },
  splitting: { blocks, split, seed: 1 },
  w: fillNormal(streamKeys(index, 0, 0), new Float32Array(outFeatures * inFeatures)),
});
const jobs = [
  job(0, 40, 30, 1),
  job(1, 30, 40, 2),
  job(2, 48, 24, 4),
  job(3, 20, 20, 3, 'kmeans'),
  job(4, 12, 60, 1),
];

it('gives what one thread gives, every job once', async () => {
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

it('says what is wrong with a weight', async () => {
  const bad = job(1, 8, 8, 1);
  bad.w[3] = NaN;
  const run = async () => {
    for await (const done of decomposedBy(
      two,
      [elementAt(jobs, 0), bad, elementAt(jobs, 1)].map((j) => () => j),
    ))
      void done;
  };
  await expect(run()).rejects.toThrow(
    'The weight of layer 1 has values that are no finite numbers, so it has no components to remove.',
  );
  await expect(decomposedBy(two, [() => job(2, 10, 8, 4)]).next()).rejects.toThrow(
    '4 row blocks do not divide the 10 rows of layer 2.',
  );
});

it('ends its threads when it is told to stop, and says when one dies', async () => {
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
  const waiting = thread.decompose(job(5, 600, 600, 1));
  thread.close();
  await expect(waiting).rejects.toThrow(expect.objectContaining({ code: 'cancelled' }));
});
