import { expect, test } from 'vitest';
import { defined } from '../checked.ts';
import { Pace } from './pace.ts';

/** A queue that finishes its work on demand. */
function slowQueue() {
  const waiting: (() => void)[] = [];
  return {
    onSubmittedWorkDone: () =>
      new Promise<undefined>((done) => {
        waiting.push(() => done(undefined));
      }),
    finish: () => defined(waiting.shift())(),
  };
}

test('work that is handed over stays a bounded way ahead of a GPU that is slower', async () => {
  const queue = slowQueue();
  const pace = new Pace(queue);
  let steps = 0;
  const work = (async () => {
    for (; steps < 100; steps++) await pace.step();
  })();
  const settled = () =>
    new Promise((done) => {
      setTimeout(done, 0);
    });
  await settled();
  // Step 32 waits for the first 16.
  expect(steps).toBe(31);
  queue.finish();
  await settled();
  expect(steps).toBe(47);
  for (let i = 0; i < 4; i++) {
    queue.finish();
    await settled();
  }
  await work;
  expect(steps).toBe(100);
});
