/** Starts threads for decompositions in Node, one per available processor. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { threadOver, type SvdAnswer, type Threads } from '../src/methods/compress/pool.ts';

export const nodeThreads: Threads = {
  count: availableParallelism(),
  open: () => {
    const worker = new Worker(new URL('./svd-thread.mjs', import.meta.url));
    return threadOver({
      post: (job) => worker.postMessage(job),
      listen: (answered, died) => {
        worker.on('message', (answer: SvdAnswer) => answered(answer));
        worker.on('error', (error) => died(String((error as Error).message).slice(0, 200)));
      },
      terminate: () => void worker.terminate(),
    });
  },
};
