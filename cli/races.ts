/** Races for the experiments that are written up (`experiment.ts`, `learning-rates.ts`). */
import { defined } from '../src/checked.ts';
import type { StudyContext } from '../src/studies/context.ts';
import { told } from '../src/studies/race/report.ts';
import type { RaceCheckpoint } from '../src/studies/race/run.ts';
import type { RaceEvent, RaceResult, RaceState } from '../src/studies/race/state.ts';
import type { ExperimentSpec } from '../src/studies/spec.ts';
import type { Keeper } from './checkpoints.ts';
import type { Options } from './options.ts';
import { studied, Written } from './run-study.ts';
import { openStudy } from './study.ts';

/** A race from start to end, or on from its checkpoint, with its progress on stderr. */
export async function raced(spec: ExperimentSpec, options: Options): Promise<RaceResult> {
  const study = await openStudy(spec, options);
  try {
    return await racedIn(study.context, await study.keeper('race'));
  } finally {
    await study.dispose();
  }
}

/**
 * The same in a study that is open. `between` is called whenever all lanes that have begun are
 * through: the state is then all there is to keep, and a later call goes on `from` it where there
 * is no checkpoint.
 */
export async function racedIn(
  context: StudyContext,
  keeper: Keeper<RaceCheckpoint>,
  from: RaceState | null = null,
  between?: (state: RaceState) => Promise<void>,
): Promise<RaceResult> {
  const start: RaceCheckpoint | null = from && { state: from, adapters: [], kept: [] };
  const written = new Written();
  try {
    const { result } = await studied(
      { name: 'race', context, keeper, from: keeper.from ?? start ?? undefined },
      async (state, event) => {
        written.tell(told(state, event as RaceEvent));
        if (event.type === 'finished' && state.lanes.every((l) => l.finished))
          await between?.(state);
      },
    );
    return defined(result);
  } finally {
    written.end();
  }
}
