/** Sends the newest message, at most ten times a second. */

/** Minimum time between two messages in milliseconds. */
const INTERVAL = 100;

export class Newest<T> {
  private readonly send: (news: T) => void;
  private newest: { news: T; sent: boolean } | null = null;
  private last = 0;

  constructor(send: (news: T) => void) {
    this.send = send;
  }

  /** Replaces a message that has not been sent yet. */
  update(news: T): void {
    this.newest = { news, sent: false };
    if (performance.now() - this.last >= INTERVAL) this.flush();
  }

  /** Sends the newest message if it has not been sent. */
  flush(): void {
    if (this.newest?.sent === false) this.again();
  }

  /** Sends the newest message, even if it has been sent. */
  again(): void {
    if (!this.newest) return;
    this.newest.sent = true;
    this.send(this.newest.news);
    this.last = performance.now();
  }
}
