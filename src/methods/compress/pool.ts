/**
 * Runs decompositions on several threads. The caller provides the threads, the browser's or Node's.
 * Results are identical to those of one thread.
 */
import { elementAt } from '../../checked.ts';
import { AtlasError } from '../../errors.ts';
import { decompose, type SvdJob } from './decompositions.ts';
import type { BlockSvd } from './svd.ts';

export interface SvdThread {
  /** Rejects with what `decompose` throws, and with `worker-died`. */
  decompose(job: SvdJob): Promise<BlockSvd[]>;
  close(): void;
}

export interface Threads {
  count: number;
  open(): SvdThread;
}

/** A thread's response: the blocks, or an error as code and values. */
export type SvdAnswer =
  { blocks: BlockSvd[] } | { code: AtlasError['code']; values: AtlasError['values'] };

export function answerTo(job: SvdJob): SvdAnswer {
  try {
    return { blocks: decompose(job) };
  } catch (error) {
    const { code, values } =
      error instanceof AtlasError
        ? error
        : new AtlasError('worker-died', { why: String(error).slice(0, 200) });
    return { code, values };
  }
}

/** The buffers of an answer, to transfer instead of copy. */
export const buffersOf = (answer: SvdAnswer): ArrayBuffer[] =>
  'blocks' in answer
    ? answer.blocks.flatMap(({ rows, sigma, vectors }) =>
        [rows, sigma, vectors].map((a) => a.buffer as ArrayBuffer),
      )
    : [];

/** The caller's end of a thread, common to browsers and Node. */
export interface Port {
  post(job: SvdJob): void;
  listen(answered: (answer: SvdAnswer) => void, died: (why: string) => void): void;
  terminate(): void;
}

/** A thread that runs one job at a time. */
export function threadOver(port: Port): SvdThread {
  let open: { resolve(blocks: BlockSvd[]): void; reject(error: AtlasError): void } | null = null;
  let dead: AtlasError | null = null;
  const fail = (error: AtlasError) => {
    dead = error;
    open?.reject(error);
  };
  port.listen(
    (answer) =>
      'blocks' in answer
        ? open?.resolve(answer.blocks)
        : open?.reject(new AtlasError(answer.code, answer.values)),
    (why) => fail(new AtlasError('worker-died', { why })),
  );
  return {
    decompose: (job) =>
      new Promise((resolve, reject) => {
        if (dead) return reject(dead);
        open = { resolve, reject };
        port.post(job);
      }),
    close: () => {
      fail(new AtlasError('cancelled'));
      port.terminate();
    },
  };
}

/**
 * Yields the blocks of each job on completion, in no fixed order. A job is created when a thread is
 * free for it. If the consumer stops, threads finish their current jobs and wait; `return()`
 * terminates them. Throws the first error.
 */
export async function* decomposedBy(
  { count, open }: Threads,
  jobs: readonly (() => SvdJob)[],
): AsyncGenerator<{ job: number; blocks: BlockSvd[] }, void, undefined> {
  const threads = Array.from({ length: Math.min(count, jobs.length) }, open);
  const running = new Map<number, Promise<{ thread: number; job: number; blocks: BlockSvd[] }>>();
  let next = 0;
  const start = (thread: number) => {
    if (next === jobs.length) return;
    const job = next++;
    const work = elementAt(threads, thread)
      .decompose(elementAt(jobs, job)())
      .then((blocks) => ({
        thread,
        job,
        blocks,
      }));
    // The race reports a failure to the consumer. A promise that is no longer awaited must not
    // raise an unhandled rejection.
    work.catch(() => undefined);
    running.set(thread, work);
  };
  try {
    for (const thread of threads.keys()) start(thread);
    while (running.size > 0) {
      const { thread, job, blocks } = await Promise.race(running.values());
      running.delete(thread);
      start(thread);
      yield { job, blocks };
    }
  } finally {
    for (const thread of threads) thread.close();
  }
}
