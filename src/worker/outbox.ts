/** Collects events and sends them at most ten times a second. */

/** Least time between two messages with events, ms. */
const EVENT_INTERVAL = 100;

export class Outbox<E> {
  private readonly send: (events: E[]) => void;
  private waiting: E[] = [];
  private last = 0;
  constructor(send: (events: E[]) => void) {
    this.send = send;
  }

  /**
   * `held`: another event follows at once, without which this one says too little to be sent by
   * itself.
   */
  add(event: E, held = false): void {
    this.waiting.push(event);
    if (!held && performance.now() - this.last >= EVENT_INTERVAL) this.flush();
  }

  flush(): void {
    if (this.waiting.length === 0) return;
    this.send(this.waiting);
    this.waiting = [];
    this.last = performance.now();
  }
}
