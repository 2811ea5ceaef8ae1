/** A measurement on the command line: from the draws of an earlier run of it, or anew. */
import { defined, elementAt } from '../src/checked.ts';
import type { TokenBatch } from '../src/engine/engine.ts';
import type { RunEvent } from '../src/studies/map/events.ts';
import { reduce, type Measurement } from '../src/studies/map/state.ts';
import type { RunResult } from '../src/studies/map/result.ts';
import { runExperiment } from '../src/studies/map/run.ts';
import type { StudyContext } from '../src/studies/context.ts';
import type { Keeper } from './checkpoints.ts';
import { line } from './progress.ts';
import { steps } from './stopping.ts';

/**
 * Draws by module, in their order: each has a name, (seed, module, draw), so any of them can be
 * gone on from.
 */
export type KnownDraws = Pick<Measurement, 'measured' | 'times'>;

/** `told` of every event, with what is known after it. Throws what `runExperiment` throws. */
export async function measured(
  { spec, engine, model, versions }: StudyContext,
  batch: TokenBatch,
  keeper: Keeper<KnownDraws>,
  told: (state: Measurement, event: RunEvent) => void,
): Promise<RunResult> {
  const { from } = keeper;
  let state: Measurement | null = null;
  // What an earlier run knew is told again bit by bit, and must not be lost before it is.
  const most = (now: Measurement) =>
    now.measured.map((draws, m) =>
      draws.length < (from?.measured[m]?.length ?? 0)
        ? elementAt(defined(from).measured, m)
        : draws,
    );
  for await (const event of steps(
    runExperiment({ spec, engine, batch, model, versions, known: from }),
    keeper,
  )) {
    const now = (state = reduce(state, event));
    keeper.offer(async (): Promise<KnownDraws> => ({ measured: most(now), times: now.times }));
    told(now, event);
  }
  return defined(defined(state).result);
}

/** Importances by module: the map's, measured as the experiment says, with its progress. */
export async function mapImportances(
  context: StudyContext,
  keeper: Keeper<KnownDraws>,
): Promise<number[]> {
  const { spec, tokens } = context;
  const result = await measured(context, await tokens(spec.text, spec), keeper, (_, { type }) =>
    line(`Measuring the ranks, ${type}`),
  );
  return result.modules.map((m) => m.importance);
}
