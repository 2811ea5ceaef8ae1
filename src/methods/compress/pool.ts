/**
 * Decompositions by several threads at once. What a thread is, the browser's or Node's, is given
 * from outside; the numbers are the same as without.
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

/** What a thread is sent back with: its answer, or an error as code and values. */
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

/** The buffers of an answer, to be handed over rather than copied. */
export const buffersOf = (answer: SvdAnswer): ArrayBuffer[] =>
  'blocks' in answer
    ? answer.blocks.flatMap(({ rows, sigma, vectors }) =>
        [rows, sigma, vectors].map((a) => a.buffer as ArrayBuffer),
      )
    : [];

/** One end of a thread, as browsers and Node both have it. */
export interface Port {
  post(job: SvdJob): void;
  listen(answered: (answer: SvdAnswer) => void, died: (why: string) => void): void;
  terminate(): void;
}

/** One job at a time. */
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
 * The jobs' blocks as they are done, in no order; a job is made when a thread is free for it. Who
 * stops pulling leaves the threads idle after what they are at, and `return()` ends them. Throws
 * the first error.
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
    // Whoever waits hears of a failure through the race; one that is no longer waited for must not
    // be an error of its own.
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
