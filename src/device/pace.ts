/**
 * Limits how far the CPU runs ahead of the GPU. A runtime call returns once its work is submitted.
 * Without a limit, a second of work waits in the queue: it holds its buffers, delays Pause and
 * leaves the GPU no time for the screen.
 */

/**
 * Steps between two fences on the queue, and fences that may be open. At most twice `STEPS` steps
 * are in flight.
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

  /** Call after each submission. Waits while too many steps are in flight. */
  async step(): Promise<void> {
    if (++this.steps % STEPS > 0) return;
    // A lost device is reported by the work itself.
    this.open.push(this.queue.onSubmittedWorkDone().catch(() => undefined));
    if (this.open.length >= OPEN) await this.open.shift();
  }
}
