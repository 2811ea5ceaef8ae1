/**
 * Replaces d3-scale in Recharts (`vite.config.ts`). Recharts looks up scales by name at run time,
 * so a bundler cannot drop the unused ones. A chart that needs another scale exports it here.
 */
import { ticks } from 'd3-array';
import { defined } from '../../checked.ts';

export { scaleBand, scalePoint } from 'd3-scale';

type Pair = readonly [number, number];

/** d3's accessor: returns the value if called without an argument, otherwise sets it. */
type Ends = (to?: Iterable<unknown>) => Pair | LinearScale;

interface LinearScale {
  (value: unknown): number | undefined;
  domain: Ends;
  range: Ends;
  ticks(count?: number): number[];
  copy(): LinearScale;
}

/**
 * A linear scale between two ends, bit-identical to d3's. Returns undefined if the value is not a
 * number.
 */
export function scaleLinear(domain: Pair = [0, 1], range: Pair = [0, 1]): LinearScale {
  const ends = { domain, range };
  const scale = (value: unknown): number | undefined => {
    const x = value === null ? NaN : Number(value);
    if (Number.isNaN(x)) return undefined;
    const {
      domain: [a, b],
      range: [first, last],
    } = ends;
    const [low, high, from, to] = b < a ? [b, a, last, first] : [a, b, first, last];
    const t = high === low ? 0.5 : (x - low) / (high - low);
    return from * (1 - t) + to * t;
  };
  const accessor =
    (of: keyof typeof ends): Ends =>
    (to) => {
      if (!to) return ends[of];
      const [a, b] = Array.from(to, Number);
      ends[of] = [defined(a), defined(b)];
      return self;
    };
  const self: LinearScale = Object.assign(scale, {
    domain: accessor('domain'),
    range: accessor('range'),
    ticks: (count = 10) => ticks(...ends.domain, count),
    copy: () => scaleLinear(ends.domain, ends.range),
  });
  return self;
}
