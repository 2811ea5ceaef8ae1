/** Runs races for the documented experiments (`experiment.ts`, `learning-rates.ts`). */
import { defined } from '../src/checked.ts';
import type { StudyContext } from '../src/studies/context.ts';
import { output } from '../src/studies/race/report.ts';
import type { RaceCheckpoint } from '../src/studies/race/run.ts';
import type { RaceEvent, RaceResult, RaceState } from '../src/studies/race/state.ts';
import type { ExperimentSpec } from '../src/studies/spec.ts';
import type { CheckpointWriter } from './checkpoints.ts';
import type { Options } from './options.ts';
import { studied, StudyPrinter } from './run-study.ts';
import { openStudy } from './study.ts';

/** Runs a race, or resumes it from its checkpoint, with progress on stderr. */
export async function raced(spec: ExperimentSpec, options: Options): Promise<RaceResult> {
  const study = await openStudy(spec, options);
  try {
    return await racedIn(study.context, await study.checkpointWriter('race'));
  } finally {
    await study.dispose();
  }
}

/**
 * Runs a race in an open study. `between` is called whenever every started run has finished. A
 * later call can resume from that state (`from`) if there is no checkpoint.
 */
export async function racedIn(
  context: StudyContext,
  writer: CheckpointWriter<RaceCheckpoint>,
  from: RaceState | null = null,
  between?: (state: RaceState) => Promise<void>,
): Promise<RaceResult> {
  const start: RaceCheckpoint | null = from && { state: from, adapters: [], kept: [] };
  const printer = new StudyPrinter();
  try {
    const { result } = await studied(
      { name: 'race', context, writer, from: writer.from ?? start ?? undefined },
      async (state, event) => {
        printer.print(output(state, event as RaceEvent));
        if (event.type === 'finished' && state.lanes.every((l) => l.finished))
          await between?.(state);
      },
    );
    return defined(result);
  } finally {
    printer.end();
  }
}
