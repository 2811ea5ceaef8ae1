/**
 * A thread that decomposes weights, in Node: registers the TypeScript loader, which threads do not
 * inherit.
 */
import { parentPort } from 'node:worker_threads';
import { register } from 'tsx/esm/api';

register();
const { answerTo, buffersOf } = await import('../src/methods/compress/pool.ts');
parentPort.on('message', (job) => {
  const answer = answerTo(job);
  parentPort.postMessage(answer, buffersOf(answer));
});
