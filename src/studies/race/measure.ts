/**
 * Computes each entry's ranks by its own definition (methods.md). The map's methods read the
 * experiment's text; Fisher, GoRA, gradient rank and EVA read training sequences; the weight
 * spectrum reads only the weights.
 */
import { AtlasError } from '../../errors.ts';
import type { AdapterValues, TokenBatch } from '../../engine/engine.ts';
import { equalBudgetRanks, type EqualBudget } from '../../methods/allocation/equal-budget.ts';
import type { Progress, Steps } from '../../methods/importance/contract.ts';
import { importanceOf, type MethodName } from '../../methods/importance/registry.ts';
import { initialAdapters } from '../../methods/lora.ts';
import { byMethod } from '../../spec/method.ts';
import type { StudyContext } from '../context.ts';
import type { SavedAdapter } from '../saved-adapter.ts';
import { drawsAsked } from '../map/draws.ts';
import { runMap } from '../map/run.ts';
import { reduce } from '../map/state.ts';
import { pulled } from '../pulled.ts';
import { isOtherEntry, otherEntries, type RaceEntry } from './entries.ts';

/**
 * The scale `s` of every adapter. It is equal for all ranks, so that entries differ in their ranks
 * only.
 */
export const SCALE = 2;

/** What an entry contributes to every training run. */
export interface Competitor {
  /** By module; null if the ranks do not follow from one number per module. */
  importances: number[] | null;
  /** The ranks of the modules on this budget. Only random's depend on the seed. */
  ranks(budget: EqualBudget, seed: number): number[];
  adapters(seed: number, ranks: readonly number[]): AdapterValues[];
}

export type Measuring = Steps<Competitor>;

/** An entry whose ranks follow from one importance per module. */
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
 * Runs `steps` to the end and yields `eventOf` of each step. Returns the result and the time of
 * measurement in milliseconds, without the time between steps.
 */
export async function* timed<Event>(
  steps: Measuring,
  now: () => number,
  eventOf: (step: Progress) => Event,
): AsyncGenerator<Event, { found: Competitor; milliseconds: number }, undefined> {
  let milliseconds = 0;
  try {
    for (;;) {
      const start = now();
      const next = await steps.next();
      milliseconds += now() - start;
      if (next.done) return { found: next.value, milliseconds };
      yield eventOf(next.value);
    }
  } finally {
    // Frees what the measurement holds on the provider if the caller stops early.
    await steps.return(undefined as never);
  }
}

/**
 * Measures one entry; computes nothing before the next step is requested. `batch`: training
 * sequences. `known`: the importances an entry is computed from, if they are already measured.
 */
export async function* measure(
  context: StudyContext,
  entry: RaceEntry,
  batch: TokenBatch,
  known: number[] | null,
): Measuring {
  if (isOtherEntry(entry)) {
    const code = await otherEntries[entry].code();
    return yield* code(context, { batch, known });
  }
  const { engine, spec } = context;
  const method = importanceOf(entry);
  switch (method.gives) {
    case 'draws':
      return proportional(context, yield* mapBy(context, entry as MethodName));
    case 'importances': {
      const { importances } = await method.code();
      return proportional(context, yield* importances(engine, batch));
    }
    case 'ranks': {
      const { allocation } = await method.code();
      const maxRank = Math.max(...spec.race.meanRanks);
      const { ranks, adapters } = yield* allocation(engine, batch, maxRank);
      return { importances: null, ranks, adapters: (_, given) => adapters(given) };
    }
  }
}

/**
 * The imported adapter. Throws `bad-spec` if there is none, and `head-not-trained` if it adapts the
 * head.
 */
export function importedAdapter({
  savedAdapter,
  model: { modules },
}: Pick<StudyContext, 'savedAdapter' | 'model'>): SavedAdapter {
  const found = savedAdapter('imported');
  if (!found)
    throw new AtlasError('bad-spec', {
      at: 'race.entries',
      why: 'no adapter was imported',
    });
  if (found.values.some((v) => v.module >= modules.length))
    throw new AtlasError('head-not-trained');
  return found;
}

/**
 * Importances by one of the map's methods. Reuses the map's importances if the map used this
 * method. Otherwise measures with the method's defaults and the experiment's noise settings.
 */
export async function* mapBy(context: StudyContext, name: MethodName): Steps<number[]> {
  const { spec, importances, model } = context;
  if (importances && spec.method.name === name) return [...importances];
  const { method } = byMethod(spec, name);
  const of = drawsAsked(method) * model.modules.length;
  // The race saves its own checkpoints and controls its own steps.
  const own = { ...context, spec: { ...spec, method }, checkpoint: undefined, control: undefined };
  const map = pulled({ run: runMap, reduce }, own);
  for await (const { state } of map) {
    if (state.result) return state.result.modules.map((m) => m.importance);
    yield { done: state.measured.reduce((n, d) => n + d.length, 0), of };
  }
  throw new Error('the measurement ended without a result');
}
