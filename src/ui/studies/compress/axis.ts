/** Even ticks for small hand-drawn charts. */

/** About `count` round numbers from `low` to `high`, zero among them where it lies between. */
export function ticksOf(low: number, high: number, count: number): number[] {
  const rough = (high - low) / count;
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((k) => k * size).find((s) => s >= rough) ?? rough;
  const out: number[] = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; i++)
    out.push(i * step);
  return out;
}

/** Decimals that tell ticks apart. */
export const decimals = (ticks: readonly number[]): number =>
  ticks.length < 2
    ? 2
    : Math.max(0, Math.min(6, Math.ceil(-Math.log10(Math.abs(ticks[1]! - ticks[0]!)) - 1e-9)));

/** A range with a little room around the values and zero in it. */
export function rangeOf(values: readonly number[]): [number, number] {
  const low = Math.min(0, ...values);
  const high = Math.max(0, ...values);
  const room = 0.06 * (high - low || 1);
  return [low - (low < 0 ? room : 0), high + (high > 0 ? room : 0)];
}
