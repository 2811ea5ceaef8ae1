/** Our stand-in for decimal.js-light: the same numbers to rounding, and no axis whose ticks depend on them. */
import { createRequire } from 'node:module';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import Decimal from './decimal.ts';

// Past the alias.
const Whole = createRequire(import.meta.url)('decimal.js-light') as typeof Decimal;

const number = fc.integer({ min: -1e9, max: 1e9 }).map((i) => i / 1000), positive = fc.integer({ min: 1, max: 1e9 }).map((i) => i / 1000);

test('reckons as decimal.js-light does', () => {
  fc.assert(fc.property(number, positive, fc.integer({ min: -6, max: 6 }), (a, b, k) => {
    for (const compute of [
      (D: typeof Decimal) => new D(a).add(b), (D: typeof Decimal) => new D(a).sub(new D(b)), (D: typeof Decimal) => new D(a).mul(b),
      (D: typeof Decimal) => new D(a).div(b), (D: typeof Decimal) => new D(a).abs(), (D: typeof Decimal) => new D(10).pow(k),
    ]) {
      const own = compute(Decimal).toNumber(), whole = compute(Whole).toNumber();
      expect(Math.abs(own - whole)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(whole)));
    }
    const log = (D: typeof Decimal) => (new D(b).log as (base: number) => Decimal).call(new D(b), 10).toNumber();
    expect(log(Decimal)).toBeCloseTo(log(Whole), 9);
    expect(new Decimal(a).lt(b)).toBe(new Whole(a).lt(b));
    expect([new Decimal(a).lte(b), new Decimal(b).lte(b)]).toEqual([new Whole(a).lte(b), true]);
    expect(new Decimal(a).isint()).toBe(new Whole(a).isint());
    expect(new Decimal(Math.round(a)).mod(7).toNumber() + 0).toBe(new Whole(Math.round(a)).mod(7).toNumber() + 0);
  }));
});

test('has all that recharts asks of it', () => {
  const of = 'node_modules/recharts/es6/util/scale', text = ['getNiceTickValues.js', 'util/arithmetic.js'].map((f) => readFileSync(join(of, f), 'utf8')).join('\n');
  const asked = [...new Set([...text.matchAll(/\.(\w+)\(/g)].map((m) => m[1]!))].filter((name) => name in Whole.prototype && !(name in Object.prototype));
  expect(asked).toContain('lte');
  expect(asked.filter((name) => !(name in Decimal.prototype))).toEqual([]);
});

test('no axis asks for nice ticks', () => {
  const sources = readdirSync('src/ui', { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.tsx')).map((f) => readFileSync(join('src/ui', f), 'utf8'));
  const axes = sources.flatMap((text) => text.match(/<[XY]Axis\b[^\n]*/g) ?? []);
  expect(axes.length).toBeGreaterThan(8);
  expect(axes.filter((axis) => !axis.includes('niceTicks="none"'))).toEqual([]);
});
