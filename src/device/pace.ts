/**
 * How far the CPU may be ahead of the GPU. A run of the runtime ends once its work is handed over;
 * without a bound a second of work lies in the queue, which holds its buffers, keeps Pause waiting,
 * and leaves the GPU no time for the screen.
 */

/**
 * Steps from one look at the queue to the next, and looks that may be open: at most twice as many
 * steps are under way.
 */
const STEPS = 16;
const OPEN = 2;

export class Pace {
  private readonly queue: Pick<GPUQueue, 'onSubmittedWorkDone'>;
  private readonly open: Promise<unknown>[] = [];
  private steps = 0;

  constructor(queue: Pick<GPUQueue, 'onSubmittedWorkDone'>) {
    this.queue = queue;
  }

  /** After each hand-over of work: waits while too much of it is under way. */
  async step(): Promise<void> {
    if (++this.steps % STEPS > 0) return;
    // Of a lost device the work itself tells.
    this.open.push(this.queue.onSubmittedWorkDone().catch(() => undefined));
    if (this.open.length >= OPEN) await this.open.shift();
  }
}
