/** Measures one importance per module from a batch of tokens, and allocates ranks. */
import * as z from 'zod/mini';
import { elementAt } from '../checked.ts';
import type { TokenBatch } from '../engine/engine.ts';
import { AtlasError } from '../errors.ts';
import { allocate, type RankRule } from '../methods/allocation/allocate.ts';
import { ROUNDINGS } from '../methods/allocation/registry.ts';
import type { Draws } from '../methods/importance/contract.ts';
import { methodOf, type MethodName } from '../methods/importance/registry.ts';
import { methodUnion } from '../spec/method-schema.ts';
import { drawsAsked, mapsOf, summariesOf } from '../studies/map/draws.ts';
import type { Model } from './model.ts';
import {
  atLeast,
  checkAborted,
  checkArgument,
  parsedArguments,
  pausing,
  refuseOthers,
  seedSchema,
} from './options.ts';

/** How modules are measured. */
export interface MeasureOptions {
  /**
   * `{ name: 'adarank', repeats: 5, … }`. Omitted settings have their defaults (docs/adarank.md,
   * docs/jacobian.md).
   */
  method?: { name: MethodName } & Record<string, unknown>;
  /** Default 1. The same seed gives the same random numbers on every provider. */
  seed?: number;
  signal?: AbortSignal;
  /** Number of values measured so far, and in total. */
  onProgress?(done: number, of: number): void;
}

const measureSchema = z.object({ method: methodUnion, seed: seedSchema });

/** Importances, one per module, in the order of `Model.modules`. */
export interface Measured {
  /** By module: the mean of its draws. AdaRank: ℓ1 distance of the logits per position. */
  importances: number[];
  /** By module: s/√n of the draws, or the error that the method reports; null with neither. */
  standardErrors: (number | null)[];
  /** By module: one value per repeat. */
  draws: Draws;
}

/**
 * Measures how much the logits change when a module's weight is perturbed (AdaRank; `jacobian` and
 * `combined` are cheaper estimates of it). Throws `bad-argument` for an unknown setting,
 * `bad-text`, `too-large`, `not-finite`, `cancelled`.
 */
export async function measure(
  model: Model,
  batch: TokenBatch,
  { method = { name: 'adarank' }, seed = 1, signal, onProgress, ...others }: MeasureOptions = {},
): Promise<Measured> {
  refuseOthers(others);
  checkArgument('batch', 'batch', batch);
  const { method: settings } = parsedArguments(measureSchema, { method, seed });
  checkAborted(signal);
  const pause = pausing(signal);
  const of = model.modules.length * drawsAsked(settings);
  let done = 0;
  const measured: number[][] = model.modules.map(() => []);
  const { draws } = await methodOf(settings.name).code();
  const pass = await model.engine.cleanPass(batch);
  try {
    const events = draws({
      engine: model.engine,
      pass,
      settings,
      seed,
      control: { granularity: () => 'batch' },
      known: () => false,
      now: () => performance.now(),
    });
    for await (const event of events) {
      await pause();
      if (event.type !== 'draws') continue;
      event.modules.forEach((m, i) => elementAt(measured, m).push(elementAt(event.values, i)));
      done += event.modules.length;
      onProgress?.(done, of);
    }
  } finally {
    pass.dispose();
  }
  const maps = mapsOf(settings, model.modules, measured);
  const summaries = summariesOf(maps);
  return {
    importances: summaries.map((s) => s.mean),
    standardErrors: summaries.map((s) => s.standardError),
    draws: maps.draws,
  };
}

const ruleSchema = z
  .object({
    meanRank: z.number().check(z.gte(0)),
    rounding: z.enum(ROUNDINGS),
    unit: z.enum(['ranks', 'parameters']),
    rMin: atLeast(0),
    rMax: atLeast(0),
  })
  .check(z.refine(({ rMin, rMax }) => rMin <= rMax, { error: 'it is above rMax', path: ['rMin'] }));

/**
 * Ranks in proportion to importances, one integer ≥ 0 per module. Defaults: the paper's rule
 * (`floor`) and unit (`ranks`); see methods.md §3. `rMin` (0) and `rMax` (4096) bound the ranks of
 * `exact` only. Throws `no-importance`, and `bad-argument` for an invalid rule.
 */
export function allocateRanks(
  model: Model,
  importances: readonly number[],
  {
    meanRank,
    rounding = 'floor',
    unit = 'ranks',
    rMin = 0,
    rMax = 4096,
    ...others
  }: Pick<RankRule, 'meanRank'> & Partial<RankRule>,
): number[] {
  refuseOthers(others);
  const rule = parsedArguments(ruleSchema, { meanRank, rounding, unit, rMin, rMax });
  if (rounding === 'exact' && rMin > meanRank)
    throw new AtlasError('bad-argument', { at: 'rMin', why: 'it is above meanRank, the budget' });
  if (importances.length !== model.modules.length)
    throw new AtlasError('bad-argument', {
      at: 'importances',
      why: `there are ${importances.length} for ${model.modules.length} modules`,
    });
  return allocate(Array.from(importances), model.modules, rule).ranks;
}
