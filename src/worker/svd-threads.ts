/** Browser threads for decompositions, at most one per processor. */
import { threadOver, type SvdAnswer, type Threads } from '../methods/compress/pool.ts';

export const browserThreads: Threads = {
  count: navigator.hardwareConcurrency || 1,
  open: () => {
    const worker = new Worker(new URL('./svd-thread.ts', import.meta.url), { type: 'module' });
    return threadOver({
      post: (job) => worker.postMessage(job),
      listen: (answered, died) => {
        worker.onmessage = ({ data }: MessageEvent<SvdAnswer>) => answered(data);
        worker.onerror = (event) => died(event.message || 'a thread for decompositions ended');
      },
      terminate: () => worker.terminate(),
    });
  },
};
