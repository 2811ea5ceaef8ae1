/**
 * What the map's own budget rule spends at a mean rank of the race. The map may round down and
 * count ranks; the race spends its whole budget, so the same importances get other ranks.
 */
import { AtlasError } from '../../errors.ts';
import { allocate, type Shape } from '../../methods/allocation/allocate.ts';
import type { AllocationSpec } from '../../spec/spec.ts';
import type { RaceEntry } from './entries.ts';
import type { RaceState } from './state.ts';

/** Ranks and adapter parameters. */
export interface Spend {
  ranks: number;
  parameters: number;
}

export interface TwoRules {
  entry: RaceEntry;
  meanRank: number;
  rounding: AllocationSpec['rounding'];
  map: Spend;
  race: Spend;
}

/**
 * The spending of the map's rule and of the race for the entry of the map's method. Null if the
 * race has no such entry yet, or if both rules give the same.
 */
export function twoRules(
  { spec, measured, lanes }: Pick<RaceState, 'spec' | 'measured' | 'lanes'>,
  { shapes, rule, meanRank }: { shapes: readonly Shape[]; rule: AllocationSpec; meanRank: number },
): TwoRules | null {
  const entry: RaceEntry = spec.method.name;
  const importances = measured.find((m) => m.entry === entry)?.importances;
  const run = lanes.find((l) => l.entry === entry && l.meanRank === meanRank);
  if (!importances || !run || importances.length !== shapes.length) return null;
  const race = { ranks: run.ranks.reduce((a, b) => a + b, 0), parameters: run.parameters };
  try {
    const { ranks, parameters } = allocate(importances, shapes, { ...rule, meanRank });
    const map = { ranks: ranks.reduce((a, b) => a + b, 0), parameters };
    return map.ranks === race.ranks && map.parameters === race.parameters
      ? null
      : { entry, meanRank, rounding: rule.rounding, map, race };
  } catch (error) {
    if (error instanceof AtlasError) return null;
    throw error;
  }
}

/** The budget of every entry: the cost of the mean rank at every module. */
export function budgetOf(
  { equal }: RaceState['spec']['race'],
  shapes: readonly Shape[],
  meanRank: number,
): number {
  return Math.round(
    meanRank *
      (equal === 'ranks'
        ? shapes.length
        : shapes.reduce((sum, s) => sum + s.inFeatures + s.outFeatures, 0)),
  );
}
