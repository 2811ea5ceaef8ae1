/**
 * The finding of a map, as data; the page has its words. It describes the ranks at a budget by the
 * first shape that applies:
 *
 * 1. *Hot spot*: one module has at least 4 times the mean importance and rank, and twice the next
 *    largest rank.
 * 2. *Flat*: the map moves at most 10 % of the ranks away from uniform ones.
 * 3. *Pattern*: of layers or module types, the significant one whose membership correlates most
 *    with importance (`patterns.ts`).
 * 4. None: no pattern is significant.
 *
 * Its numbers are shares of the allocated ranks. Their 95 % intervals are percentiles over the
 * ranks that resampled maps get at the same budget (`resample.ts`).
 */
import { defined } from '../../checked.ts';
import { allocate } from '../../methods/allocation/allocate.ts';
import type { AllocationSpec } from '../../spec/spec.ts';
import {
  beyondError,
  crossValidated,
  isIn,
  patternsOf,
  type Band,
  type Pattern,
} from './patterns.ts';
import { rankTable, SWEEPS_FOR_INTERVALS, sweepMultiples, type Mapped } from './rank-table.ts';
import { percentiles, resampledMaps } from './resample.ts';
import type { MeasuredModule } from './result.ts';

/** A share of the allocated ranks with its 95 % interval; `uniform`: the share of uniform ranks. */
export interface Share {
  share: number;
  low: number;
  high: number;
  uniform: number;
}

export type Finding =
  /** Layers; two bands are the two ends. */
  | ({ kind: 'layers'; bands: readonly Band[] } & Share)
  | ({ kind: 'role'; role: string } & Share)
  /** `share` is the module's. */
  | ({ kind: 'hot'; module: MeasuredModule } & Share)
  /** `share` of the ranks move away from uniform ones. */
  | { kind: 'flat'; share: number; low: number; high: number }
  | { kind: 'none' };

const HOT = 4;
const FLAT = 0.1;

/** The finding of a map at a budget; null before the map has intervals and ranks. */
export function findingOf(mapped: Mapped, rule: AllocationSpec): Finding | null {
  const { modules, draws, error = null } = mapped;
  const { allocation, rows, sweeps } = rankTable(mapped, rule);
  if (!allocation || (error === null && sweeps < SWEEPS_FOR_INTERVALS)) return null;
  if (sum(allocation.ranks) === 0) return { kind: 'none' };

  const maps = resampledMaps({ draws, error });
  const resampled = maps.map((map) => allocate(map, modules, rule).ranks);
  const over = (value: (ranks: readonly number[]) => number) => {
    const share = value(allocation.ranks);
    return { share, ...percentiles(resampled.map(value), share) };
  };
  const shareOf = (isMember: (m: MeasuredModule) => boolean): Share => {
    const members = modules.flatMap((m, i) => (isMember(m) ? [i] : []));
    return {
      ...over((ranks) => sum(members.map((i) => ranks[i]!)) / Math.max(1, sum(ranks))),
      uniform: members.length / modules.length,
    };
  };

  const top = rows.reduce((a, b) => (defined(b.rank) > defined(a.rank) ? b : a));
  const lead = over(
    (ranks) => ranks[top.index]! - 2 * Math.max(0, ...ranks.filter((_, i) => i !== top.index)),
  );
  const hot = shareOf((m) => m === top.module);
  if (defined(top.multiple) >= HOT && lead.low >= 0 && hot.low >= HOT * hot.uniform)
    return { kind: 'hot', module: top.module, ...hot };

  const moved = over((ranks) => {
    const mean = sum(ranks) / modules.length;
    return sum(ranks.map((r) => Math.max(0, r - mean))) / Math.max(1, sum(ranks));
  });
  if (moved.high <= FLAT) return { kind: 'flat', ...moved };

  for (const patterns of [patternsOf(modules), patternsOf(modules, false)]) {
    const found =
      error === null
        ? crossValidated(patterns, modules, sweepMultiples(draws, sweeps))
        : beyondError(patterns, modules, [rows.map((r) => defined(r.multiple)), ...maps]);
    // At this budget the ranks must show the pattern as well, at both ends if it has two.
    const shown = (part: Pattern) => {
      const share = shareOf((m) => isIn(part, m));
      return share.low > share.uniform ? share : null;
    };
    if (!found || ('bands' in found && !found.bands.every((band) => shown({ bands: [band] }))))
      continue;
    const share = shown(found);
    if (!share) continue;
    return 'role' in found
      ? { kind: 'role', ...found, ...share }
      : { kind: 'layers', ...found, ...share };
  }
  return { kind: 'none' };
}

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
