/**
 * Making the base of an experiment: its own study is run, from its checkpoint or anew, until the
 * weights are there; what would only judge them is left out.
 */
import { elementAt } from '../checked.ts';
import { MAKER } from './base-kinds.ts';
import { compressProgress, type CompressPhase, type CompressState } from './compress/state.ts';
import type { MadeBase } from './made-base.ts';
import { pruneProgress, type PruneState } from './prune/state.ts';
import { studyRuns, studyViews } from './registry.ts';
import type { StudyContext } from './contract.ts';

/** Phases of a compression that a base needs, and about how much of its time each takes. */
const PHASES: Partial<Record<CompressPhase, number>> = {
  svd: 0.4,
  samples: 0.02,
  gradients: 0.3,
  checks: 0.08,
  scan: 0.2,
};

/**
 * Yields how far it is, 0 to 1, after every event of the study. Throws what the study throws, and
 * RangeError for an experiment whose base is the model as it came.
 */
export async function* makeBase(
  context: StudyContext,
): AsyncGenerator<number, MadeBase, undefined> {
  const study = MAKER[context.spec.base];
  if (study === null) throw new RangeError('the model as it came is not made');
  let made: MadeBase | null = null;
  let state: PruneState | CompressState | null = null;
  const run = (await studyRuns[study]())({
    ...context,
    keepBase: (base) => {
      made = base;
    },
  });
  const { reduce } = await studyViews[study]();
  for await (const event of run) {
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- set by the study
    if (made !== null) return made;
    state = reduce(state as never, event);
    yield shareOf(state);
  }
  throw new Error('the study ended without a base');
}

function shareOf(state: PruneState | CompressState): number {
  if ('rounds' in state) {
    const {
      doing,
      rounds: begun,
      spec: {
        prune: { rounds },
      },
    } = state;
    const part = pruneProgress(state);
    if (!doing || doing.round === 0) return begun.length === 0 ? 0 : 1;
    return (
      (doing.round -
        1 +
        (doing.what === 'repair' ? 0.5 + part / 2 : doing.what === 'judge' ? 0.5 : part / 2)) /
      rounds
    );
  }
  const now = state.progress?.phase;
  const phases = Object.entries(PHASES);
  const at = phases.findIndex(([phase]) => phase === now);
  return (
    phases.slice(0, Math.max(at, 0)).reduce((sum, [, share]) => sum + share, 0) +
    (at < 0 ? 0 : elementAt(phases, at)[1] * compressProgress(state))
  );
}
