/**
 * How each entry of a race comes to its ranks, each by its own definition (methods.md): the map's
 * methods on the experiment's text; Fisher, GoRA's importance, gradient rank and EVA on sequences
 * they will be trained on; the weight spectrum on nothing but the weights.
 */
import { AtlasError } from '../../errors.ts';
import type { AdapterValues, TokenBatch } from '../../engine/engine.ts';
import { randomImportance, uniformImportance } from '../../methods/allocation.ts';
import {
  equalBudgetRanks,
  inverseImportance,
  type EqualBudget,
} from '../../methods/equal-budget.ts';
import { evaAdapters, evaComponents, evaRanks, mostComponents } from '../../methods/eva.ts';
import { fisherImportances } from '../../methods/fisher.ts';
import { goraImportances } from '../../methods/gora.ts';
import { gradientRanks } from '../../methods/gradient-rank.ts';
import { initialAdapters, rescaled } from '../../methods/lora.ts';
import { stableRank } from '../../methods/weight-spectrum.ts';
import { drawsAsked } from '../map/draws.ts';
import type { RaceEntry } from './settings.ts';
import { runMap } from '../map/run.ts';
import { reduce } from '../map/state.ts';
import { pulled } from '../pulled.ts';
import { byMethod } from '../../spec/schema.ts';
import type { MethodName } from '../../spec/spec.ts';
import type { KeptAdapter, StudyContext } from '../context.ts';

/**
 * `s` of every adapter: the same for all ranks, so that an allocation changes ranks and nothing
 * else.
 */
export const SCALE = 2;

/** What an entry brings to every start. */
export interface Competitor {
  /** By module; null where ranks do not come from one number a module. */
  importances: number[] | null;
  /** Ranks of the modules on this budget; only random's depend on the seed. */
  ranks(budget: EqualBudget, seed: number): number[];
  adapters(seed: number, ranks: readonly number[]): AdapterValues[];
}

export interface Progress {
  done: number;
  of: number;
}

type Measuring = AsyncGenerator<Progress, Competitor, undefined>;

/** An entry whose ranks follow from one importance a module. */
export function proportional(
  { model: { modules } }: StudyContext,
  importances: number[],
): Competitor {
  return {
    importances,
    ranks: (budget) => equalBudgetRanks(importances, modules, budget),
    adapters: (seed, ranks) => initialAdapters(seed, modules, ranks),
  };
}

/**
 * Takes `steps` to their end: `told` of each step goes on to the caller, and what was found comes
 * back with the milliseconds the measuring itself took, without the time between the steps.
 */
export async function* timed<Event>(
  steps: Measuring,
  now: () => number,
  told: (step: Progress) => Event,
): AsyncGenerator<Event, { found: Competitor; milliseconds: number }, undefined> {
  let milliseconds = 0;
  try {
    for (;;) {
      const start = now();
      const next = await steps.next();
      milliseconds += now() - start;
      if (next.done) return { found: next.value, milliseconds };
      yield told(next.value);
    }
  } finally {
    // What it holds on the provider goes, should nobody ask for the next step.
    await steps.return(undefined as never);
  }
}

/**
 * Measures one entry; nothing is computed until the next step is asked for. `batch`: training
 * sequences. `adaRank`: its importances, where they are measured already.
 */
export async function* measure(
  context: StudyContext,
  entry: RaceEntry,
  batch: TokenBatch,
  adaRank: number[] | null,
): Measuring {
  const {
    engine,
    spec: { race },
    model: { modules },
  } = context;
  const of = modules.length;
  switch (entry) {
    case 'uniform':
      return proportional(context, uniformImportance(of));
    case 'random':
      return {
        ...proportional(context, uniformImportance(of)),
        importances: null,
        ranks: (budget, seed) => equalBudgetRanks(randomImportance(of, seed), modules, budget),
      };
    case 'adarank':
    case 'jacobian':
    case 'combined':
      return proportional(context, yield* mapBy(context, entry));
    case 'inverse':
      return proportional(
        context,
        inverseImportance(adaRank ?? (yield* mapBy(context, 'adarank'))),
      );
    case 'spectrum': {
      const importances: number[] = [];
      for (const { index } of modules) {
        yield { done: index, of };
        importances.push(stableRank(engine, index));
      }
      return proportional(context, importances);
    }
    case 'fisher':
      return proportional(context, yield* atOnce(() => fisherImportances(engine, batch)));
    case 'gora':
      return proportional(context, yield* atOnce(() => goraImportances(engine, batch)));
    case 'gradient-rank':
      return proportional(context, yield* gradientRanks(engine, batch));
    case 'imported': {
      const { values, scales } = importedAdapter(context);
      const ranks = modules.map((_, m) => values.find((v) => v.module === m)?.rank ?? 0);
      const start = rescaled(
        values,
        (module) => scales[values.findIndex((v) => v.module === module)]!,
        () => SCALE,
      );
      return { importances: null, ranks: () => ranks, adapters: () => start };
    }
    case 'eva': {
      const components = yield* atOnce(() =>
        evaComponents(engine, batch, mostComponents(Math.max(...race.meanRanks))),
      );
      return {
        importances: null,
        ranks: (budget) => evaRanks(components, modules, budget),
        adapters: (_, ranks) => evaAdapters(components, modules, ranks),
      };
    }
    case 'eva-uniform': {
      const { ranks } = proportional(context, uniformImportance(of));
      const most = Math.max(
        ...race.meanRanks.flatMap((meanRank) => ranks({ meanRank, equal: race.equal }, 0)),
      );
      const components = yield* atOnce(() => evaComponents(engine, batch, most));
      const fewest = Math.min(...components.map((c) => c.directions.length));
      if (fewest < most)
        throw new AtlasError('bad-spec', {
          at: 'race.sequences',
          why: `some inputs have ${fewest} directions, and rank ${most} needs as many; take more sequences, or a lower mean rank`,
        });
      return {
        importances: null,
        ranks,
        adapters: (_, given) => evaAdapters(components, modules, given),
      };
    }
  }
}

/** The adapter taken in. Throws `bad-spec` where there is none, `head-not-trained`. */
export function importedAdapter({
  kept,
  model: { modules },
}: Pick<StudyContext, 'kept' | 'model'>): KeptAdapter {
  const found = kept('imported');
  if (!found)
    throw new AtlasError('bad-spec', {
      at: 'race.entries',
      why: 'no adapter was taken in to train on',
    });
  if (found.values.some((v) => v.module >= modules.length))
    throw new AtlasError('head-not-trained');
  return found;
}

/** What one pass over the model answers. */
async function* atOnce<T>(answer: () => Promise<T>): AsyncGenerator<Progress, T, undefined> {
  yield { done: 0, of: 1 };
  return answer();
}

/**
 * Importances by a method of the map: the map's own where it is of that method, else measured now
 * by the method's defaults and the noise that is set.
 */
async function* mapBy(
  context: StudyContext,
  name: MethodName,
): AsyncGenerator<Progress, number[], undefined> {
  const { spec, importances, model } = context;
  if (importances && spec.method.name === name) return [...importances];
  const { method } = byMethod(spec, name);
  const of = drawsAsked(method) * model.modules.length;
  // Its checkpoint and its steps are the race's.
  const own = { ...context, spec: { ...spec, method }, checkpoint: undefined, control: undefined };
  const map = pulled({ run: runMap, reduce }, own);
  for await (const { state } of map) {
    if (state.result) return state.result.modules.map((m) => m.importance);
    yield { done: state.measured.reduce((n, d) => n + d.length, 0), of };
  }
  throw new Error('the measurement ended without a result');
}
