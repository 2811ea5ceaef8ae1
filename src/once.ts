/** Something made at its first use, with code or data fetched for it. */
export class Once<T> {
  private made: Promise<T> | null = null;
  private readonly make: () => Promise<T>;

  constructor(make: () => Promise<T>) {
    this.make = make;
  }

  /** Makes it, or gives what was made. A failure is forgotten: the next call tries again. */
  get(): Promise<T> {
    if (this.made) return this.made;
    const made = this.make();
    this.made = made;
    made.catch(() => {
      this.made = null;
    });
    return made;
  }

  /** What was made; null if nothing was. */
  get now(): Promise<T> | null {
    return this.made;
  }
}
