/**
 * How each entry of a race comes to its ranks, each by its own definition (methods.md): the map's
 * methods on the experiment's text; Fisher, GoRA's importance, gradient rank and EVA on sequences
 * they will be trained on; the weight spectrum on nothing but the weights.
 */
import { AtlasError } from '../../errors.ts';
import type { AdapterValues, TokenBatch } from '../../engine/engine.ts';
import { equalBudgetRanks, type EqualBudget } from '../../methods/allocation/equal-budget.ts';
import type { Progress, Steps } from '../../methods/importance/contract.ts';
import { importanceOf, type MethodName } from '../../methods/importance/registry.ts';
import { initialAdapters } from '../../methods/lora.ts';
import { byMethod } from '../../spec/schema.ts';
import type { KeptAdapter, StudyContext } from '../context.ts';
import { drawsAsked } from '../map/draws.ts';
import { runMap } from '../map/run.ts';
import { reduce } from '../map/state.ts';
import { pulled } from '../pulled.ts';
import { isLane, lanes, type RaceEntry } from './lanes.ts';

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

export type Measuring = Steps<Competitor>;

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
 * sequences. `known`: the importances that a lane is made of, where they are measured already.
 */
export async function* measure(
  context: StudyContext,
  entry: RaceEntry,
  batch: TokenBatch,
  known: number[] | null,
): Measuring {
  if (isLane(entry)) {
    const code = await lanes[entry].code();
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
      const most = Math.max(...spec.race.meanRanks);
      const { ranks, adapters } = yield* allocation(engine, batch, most);
      return { importances: null, ranks, adapters: (_, given) => adapters(given) };
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

/**
 * Importances by a method of the map: the map's own where it is of that method, else measured now
 * by the method's defaults and the noise that is set.
 */
export async function* mapBy(context: StudyContext, name: MethodName): Steps<number[]> {
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
