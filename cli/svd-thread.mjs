/**
 * The worker thread for decompositions in Node. Registers the TypeScript loader, because threads do
 * not inherit it.
 */
import { parentPort } from 'node:worker_threads';
import { register } from 'tsx/esm/api';

register();
const { answerTo, buffersOf } = await import('../src/methods/compress/pool.ts');
parentPort.on('message', (job) => {
  const answer = answerTo(job);
  parentPort.postMessage(answer, buffersOf(answer));
});
