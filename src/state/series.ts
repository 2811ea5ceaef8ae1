/**
 * The data of the charts, computed from draws: importance by layer and by module type, and its
 * certainty after each repeat.
 */
import { defined, elementAt } from '../checked.ts';
import type { ModuleGroup } from '../compiler/modules.ts';
import { sweepsOf } from '../studies/map/draws.ts';
import type { Measurement } from '../studies/map/state.ts';
import { sweepMultiples } from '../studies/map/rank-table.ts';
import type { MeasuredModule } from '../studies/map/result.ts';
import { interval95, summarise } from '../methods/statistics.ts';
import { groupOf } from './layout.ts';

export interface Estimate {
  mean: number;
  low: number;
  high: number;
}
export interface LayerPoint {
  layer: number;
  attention: Estimate | null;
  mlp: Estimate | null;
  other: Estimate | null;
}
export interface RoleLine {
  role: string;
  multiple: Estimate;
  modules: number;
}
export interface SurePoint {
  repeats: number;
  median: number;
  worst: number;
}

/**
 * Mean multiple over `members` per sweep, then its mean and 95 % t-interval over sweeps. With one
 * sweep the interval has width zero.
 */
function estimate(multiples: readonly (readonly number[])[], members: readonly number[]): Estimate {
  const values = elementAt(multiples, members[0]!).map(
    (_, k) => members.reduce((sum, m) => sum + elementAt(multiples, m)[k]!, 0) / members.length,
  );
  return interval95(values) ?? { mean: values[0]!, low: values[0]!, high: values[0]! };
}

const indicesWhere = (modules: readonly MeasuredModule[], test: (m: MeasuredModule) => boolean) =>
  modules.flatMap((m, i) => (test(m) ? [i] : []));

/** Always the same array, so that an empty chart does not render again. */
const noPoints: LayerPoint[] = [];

/**
 * Importance by layer and group, as multiples of the mean module. Empty before the first complete
 * sweep.
 */
export function byLayer(
  modules: readonly MeasuredModule[],
  draws: Measurement['draws'] | null,
  layers: number,
): LayerPoint[] {
  const sweeps = draws ? sweepsOf(draws) : 0;
  if (!draws || sweeps === 0) return noPoints;
  const multiples = sweepMultiples(draws, sweeps);
  const of = (layer: number, group: ModuleGroup) => {
    const members = indicesWhere(modules, (m) => m.layer === layer && groupOf(m.group) === group);
    return members.length ? estimate(multiples, members) : null;
  };
  return Array.from({ length: layers }, (_, layer) => ({
    layer,
    attention: of(layer, 'attention'),
    mlp: of(layer, 'mlp'),
    other: of(layer, 'other'),
  }));
}

/** Importance by module type, in the model's order. Empty before the first complete sweep. */
export function byRole(
  modules: readonly MeasuredModule[],
  draws: Measurement['draws'],
): RoleLine[] {
  const sweeps = sweepsOf(draws);
  if (sweeps === 0) return [];
  const multiples = sweepMultiples(draws, sweeps);
  return [...new Set(modules.map((m) => m.role))].map((role) => {
    const members = indicesWhere(modules, (m) => m.role === role);
    return { role, multiple: estimate(multiples, members), modules: members.length };
  });
}

/**
 * Standard error in percent of the importance after 2, 3, … repeats: median and largest over
 * modules.
 */
export function certainty(draws: Measurement['draws']): SurePoint[] {
  const points: SurePoint[] = [];
  for (let repeats = 2; repeats <= sweepsOf(draws); repeats++) {
    const errors = draws
      .map((d) => summarise(d.slice(0, repeats)))
      .filter((s) => s.mean > 0)
      .map((s) => (100 * defined(s.standardError)) / s.mean)
      .sort((a, b) => a - b);
    if (errors.length === 0) continue;
    points.push({
      repeats,
      median: errors[Math.floor(errors.length / 2)]!,
      worst: elementAt(errors, -1),
    });
  }
  return points;
}
