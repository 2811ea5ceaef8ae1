/**
 * Values derived from the stores by pure functions that cache their last result, so that several
 * readers share one computation.
 */
import { elementAt } from '../checked.ts';
import { sweepsOf, type Draws } from '../studies/map/draws.ts';
import type { Measurement } from '../studies/map/state.ts';
import { rankTable, type RankTable } from '../studies/map/rank-table.ts';
import type { MeasuredModule } from '../studies/map/result.ts';
import { defaultSpec } from '../experiment/schema.ts';
import type { AllocationSpec } from '../spec/spec.ts';
import { useExperiment } from './experiment-store.ts';
import { mapLayout, type MapLayout } from './layout.ts';
import { useModel } from './model-store.ts';
import { useStudy } from './study-store.ts';

/** Caches the last call; compares arguments by identity. */
function lastOf<A extends readonly unknown[], R>(compute: (...args: A) => R): (...args: A) => R {
  let last: { args: A; result: R } | null = null;
  return (...args) => {
    if (!last || last.args.some((a, i) => a !== args[i])) last = { args, result: compute(...args) };
    return last.result;
  };
}

const noDraws = lastOf((modules: readonly MeasuredModule[]) => modules.map((): number[] => []));
const tableOf = lastOf(
  (
    modules: readonly MeasuredModule[],
    draws: Draws,
    error: number | null,
    rule: AllocationSpec,
  ): RankTable => rankTable({ modules, draws, error }, rule),
);
const layoutOf = lastOf((modules: readonly MeasuredModule[], layers: number): MapLayout =>
  mapLayout(modules, layers),
);
const none: readonly MeasuredModule[] = [];

/**
 * The visible modules: those of the measurement if there is one, else those of the model that is
 * open or being opened.
 */
export function useModules(): { modules: readonly MeasuredModule[]; layers: number } {
  const measured = useStudy((s) => s.states.map?.model);
  const open = useModel((m) => m.facts ?? m.outline);
  const model = measured ?? open;
  return { modules: model?.modules ?? none, layers: model?.layers ?? 0 };
}

/**
 * The draws of the complete sweeps. The array stays the same until the next sweep is complete, so
 * values derived from it are not recomputed at every draw.
 */
let whole: Measurement['draws'] = [];
function wholeDraws(draws: Measurement['draws']): Measurement['draws'] {
  const sweeps = sweepsOf(draws);
  const same =
    whole.length === draws.length &&
    whole.every((d, i) => d.length === sweeps && d.every((v, k) => v === elementAt(draws, i)[k]));
  return same ? whole : (whole = draws.map((d) => d.slice(0, sweeps)));
}

export const useWholeDraws = (): Measurement['draws'] | null =>
  useStudy((s) => (s.states.map ? wholeDraws(s.states.map.draws) : null));

export function useLayout(): MapLayout {
  const { modules, layers } = useModules();
  return layoutOf(modules, layers);
}

/** The rank table under the current budget. */
export function useRankTable(): RankTable {
  const { modules } = useModules();
  const draws = useStudy((s) => s.states.map?.draws);
  const error = useStudy((s) => s.states.map?.error ?? null);
  const rule = useExperiment((e) => e.spec.allocation);
  return tableOf(modules, draws ?? noDraws(modules), error, rule);
}

/** The current probe, or null. */
export const useProbing = (): Measurement['probing'] =>
  useStudy((s) => (s.live === 'map' && !s.waiting ? (s.states.map?.probing ?? null) : null));

/** The default settings, for labels such as "Default 5". */
export const defaults = defaultSpec();
