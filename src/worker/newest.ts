/** Sends the newest of what there is to say, at most ten times a second. */

/** Least time between two messages, ms. */
const INTERVAL = 100;

export class Newest<T> {
  private readonly send: (news: T) => void;
  private newest: { news: T; sent: boolean } | null = null;
  private last = 0;

  constructor(send: (news: T) => void) {
    this.send = send;
  }

  /** In place of what has not been sent yet. */
  tell(news: T): void {
    this.newest = { news, sent: false };
    if (performance.now() - this.last >= INTERVAL) this.flush();
  }

  /** Sends what has not been sent. */
  flush(): void {
    if (this.newest?.sent === false) this.again();
  }

  /** Sends the newest, though it may have been sent. */
  again(): void {
    if (!this.newest) return;
    this.newest.sent = true;
    this.send(this.newest.news);
    this.last = performance.now();
  }
}
