/** A value that is created on first use, for code or data that is loaded on demand. */
export class Once<T> {
  private made: Promise<T> | null = null;
  private readonly make: () => Promise<T>;

  constructor(make: () => Promise<T>) {
    this.make = make;
  }

  /**
   * Creates the value, or returns the existing one. A failure is not cached: the next call retries.
   */
  get(): Promise<T> {
    if (this.made) return this.made;
    const made = this.make();
    this.made = made;
    made.catch(() => {
      this.made = null;
    });
    return made;
  }

  /** The value if `get` was called, else null. */
  get now(): Promise<T> | null {
    return this.made;
  }
}
