/**
 * Pause, step and cancel for one run. The run loop is pulled; whoever pulls asks `goOn()` between
 * two events.
 */
import type { Control } from '../methods/importance/measuring.ts';
import type { ToWorker } from './protocol.ts';

type Action = Extract<ToWorker, { kind: 'control' }>['action'];

export class RunControl implements Control {
  paused: boolean;
  private stepping = false;
  cancelled = false;
  /** The run waits. */
  standing = false;
  private wake: (() => void) | null = null;

  constructor(paused: boolean) {
    this.paused = paused;
  }

  /** While stepping one module is probed at a time, so that a step is a step. */
  granularity(): 'layer' | 'module' {
    return this.stepping ? 'module' : 'layer';
  }

  tell(action: Action): void {
    this.stepping = action === 'step';
    this.paused = action === 'pause';
    if (action === 'cancel') this.cancelled = true;
    if (!this.paused) this.wake?.();
  }

  /** A step ends here, if one is under way. */
  stepEnded(): void {
    if (this.stepping) {
      this.stepping = false;
      this.paused = true;
    }
  }

  /**
   * Resolves to true when the next event may be computed, to false when the run is cancelled.
   * `standing` is called when a pause begins.
   */
  async goOn(standing: () => void): Promise<boolean> {
    // A turn of the event loop, so that messages which arrived during the computation are seen.
    await new Promise<void>((resolve) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        resolve();
      };
      port2.postMessage(null);
    });
    this.standing = this.paused;
    if (this.paused) standing();
    while (this.paused && !this.cancelled)
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    this.wake = null;
    this.standing = false;
    return !this.cancelled;
  }
}
