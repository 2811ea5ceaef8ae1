/** Every study under its name: where its code is, loaded when it is first wanted. */
import type { AgreeState } from './agree/state.ts';
import type { SamplesState } from './samples/state.ts';
import type { CompressState } from './compress/state.ts';
import type { PruneState } from './prune/state.ts';
import type { SliderState } from './slider/state.ts';
import type { RaceState } from './race/state.ts';
import type { StudyContext, StudyKind } from './contract.ts';

/** What every study's events have; which there are is each study's own affair. */
export interface StudyEvent {
  type: string;
}

/** What the plate shows of each study: its events, reduced. */
export interface StudyStates {
  race: RaceState;
  agree: AgreeState;
  slider: SliderState;
  prune: PruneState;
  compress: CompressState;
  samples: SamplesState;
}

type Run = (context: StudyContext) => AsyncGenerator<StudyEvent, void, undefined>;

/**
 * How a study's events are shown: from a state and the next event to the next state, and how far
 * that is, 0 to 1 (of its present part, where parts take unlike times).
 */
export interface StudyView<S> {
  reduce(state: S | null, event: StudyEvent): S;
  progress(state: S): number;
}

/** The generators. */
export const studyRuns: Record<StudyKind, () => Promise<Run>> = {
  race: async () => (await import('./race/run.ts')).runRace,
  agree: async () => (await import('./agree/run.ts')).runAgree,
  slider: async () => (await import('./slider/run.ts')).runSlider,
  compress: async () => (await import('./compress/run.ts')).runCompress,
  prune: async () => (await import('./prune/run.ts')).runPrune,
  samples: async () => (await import('./samples/run.ts')).runSamples,
};

/** A study's own events are what its generator gives; outside of it they are only passed on. */
const viewed = <S, E>(
  reduce: (state: S | null, event: E) => S,
  progress: (state: S) => number,
): StudyView<S> => ({ reduce: reduce as unknown as StudyView<S>['reduce'], progress });

/** Their states. */
export const studyViews: { [K in StudyKind]: () => Promise<StudyView<StudyStates[K]>> } = {
  race: async () => import('./race/state.ts').then((m) => viewed(m.reduceRace, m.raceProgress)),
  agree: async () => import('./agree/state.ts').then((m) => viewed(m.reduceAgree, m.agreeProgress)),
  slider: async () =>
    Promise.all([import('./slider/state.ts'), import('./slider/verdict.ts')]).then(
      ([state, verdict]) => viewed(state.reduceSlider, verdict.sliderProgress),
    ),
  compress: async () =>
    import('./compress/state.ts').then((m) => viewed(m.reduceCompress, m.compressProgress)),
  prune: async () => import('./prune/state.ts').then((m) => viewed(m.reducePrune, m.pruneProgress)),
  samples: async () =>
    import('./samples/state.ts').then((m) => viewed(m.reduceSamples, m.samplesProgress)),
};
