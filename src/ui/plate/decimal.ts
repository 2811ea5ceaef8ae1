/**
 * What recharts does its sums for nice ticks with, in place of decimal.js-light (`vite.config.ts`), on ordinary numbers. Every axis of ours
 * names its ticks and turns nice ones off (`decimal.test.ts`), but until an axis is there recharts works with one that has them.
 */
type Amount = number | Decimal;

const plain = (x: Amount): number => (typeof x === 'number' ? x : x.toNumber());

export default class Decimal {
  private readonly value: number;

  constructor(value: Amount) {
    this.value = plain(value);
  }

  toNumber(): number { return this.value; }
  abs(): Decimal { return new Decimal(Math.abs(this.value)); }
  add(x: Amount): Decimal { return new Decimal(this.value + plain(x)); }
  sub(x: Amount): Decimal { return new Decimal(this.value - plain(x)); }
  mul(x: Amount): Decimal { return new Decimal(this.value * plain(x)); }
  div(x: Amount): Decimal { return new Decimal(this.value / plain(x)); }
  mod(x: Amount): Decimal { return new Decimal(this.value % plain(x)); }
  pow(x: number): Decimal { return new Decimal(this.value ** x); }
  /** To base 10, the only one asked for; exact for powers of it. */
  log(): Decimal { return new Decimal(Math.log10(this.value)); }
  lt(x: Amount): boolean { return this.value < plain(x); }
  lte(x: Amount): boolean { return this.value <= plain(x); }
  isint(): boolean { return Number.isInteger(this.value); }
}
