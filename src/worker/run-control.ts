/**
 * Pause, step and cancel for one run. The caller that pulls the run's events awaits `mayContinue()`
 * between two events.
 */
import type { Control } from '../methods/importance/measuring.ts';
import type { ToWorker } from './protocol.ts';

type Action = Extract<ToWorker, { kind: 'control' }>['action'];

export class RunControl implements Control {
  paused: boolean;
  private stepping = false;
  cancelled = false;
  /** The run waits. */
  waiting = false;
  private wake: (() => void) | null = null;

  constructor(paused: boolean) {
    this.paused = paused;
  }

  /** During a step, one module is probed at a time. */
  granularity(): 'layer' | 'module' {
    return this.stepping ? 'module' : 'layer';
  }

  apply(action: Action): void {
    this.stepping = action === 'step';
    this.paused = action === 'pause';
    if (action === 'cancel') this.cancelled = true;
    if (!this.paused) this.wake?.();
  }

  /** Ends the current step, if any. */
  stepEnded(): void {
    if (this.stepping) {
      this.stepping = false;
      this.paused = true;
    }
  }

  /**
   * Resolves to true when the next event may be computed, and to false when the run is cancelled.
   * Calls `onPause` when a pause begins.
   */
  async mayContinue(onPause: () => void): Promise<boolean> {
    // Yields to the event loop, so that messages which arrived during the computation are handled.
    await new Promise<void>((resolve) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        resolve();
      };
      port2.postMessage(null);
    });
    this.waiting = this.paused;
    if (this.paused) onPause();
    while (this.paused && !this.cancelled)
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    this.wake = null;
    this.waiting = false;
    return !this.cancelled;
  }
}
