/** Seeded random numbers, the same on every machine. */
import { streamKeys } from '../../src/device/random.ts';

export class Random {
  private state: number;

  constructor(seed: number, stream: number, index: number) {
    this.state = streamKeys(seed, stream, index).k1 >>> 0;
  }

  /** A whole number in [0, 2³²), by 32-bit splitmix. */
  word(): number {
    this.state = (this.state + 0x9e3779b9) >>> 0;
    let z = this.state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  }

  /** A whole number in [0, n). */
  below(n: number): number {
    return this.word() % n;
  }

  chance(p: number): boolean {
    return this.word() < p * 2 ** 32;
  }

  /** Usually 1, sometimes 2 or 3. */
  few(): number {
    return this.pick([1, 1, 1, 1, 2, 2, 3]);
  }

  pick<T>(list: readonly T[]): T {
    return this.maybe(list) as T;
  }

  /** Undefined if the list is empty. */
  maybe<T>(list: readonly T[]): T | undefined {
    return list[this.below(list.length)];
  }
}
