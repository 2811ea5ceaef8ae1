/** Every study under its name: where its code is, loaded when it is first wanted. */
import type { SamplesState } from './samples-state.ts';
import type { CompressState } from './compress-state.ts';
import type { PruneState } from './prune-state.ts';
import type { SliderState } from './slider-state.ts';
import type { RaceState } from './race-state.ts';
import type { StudyContext, StudyKind } from './study.ts';

/** What every study's events have; which there are is each study's own affair. */
export interface StudyEvent { type: string }

/** What the plate shows of each study: its events, reduced. */
export interface StudyStates {
  race: RaceState;
  slider: SliderState;
  prune: PruneState;
  compress: CompressState;
  samples: SamplesState;
}

type Run = (context: StudyContext) => AsyncGenerator<StudyEvent, void, undefined>;
type Reduce<S> = (state: S | null, event: StudyEvent) => S;

/** The generators. */
export const studyRuns: Partial<Record<StudyKind, () => Promise<Run>>> = {
  race: async () => (await import('./race-run.ts')).runRace,
  slider: async () => (await import('./slider-run.ts')).runSlider,
  compress: async () => (await import('./compress-run.ts')).runCompress,
  prune: async () => (await import('./prune-run.ts')).runPrune,
  samples: async () => (await import('./samples-run.ts')).runSamples,
};

/** From a state and the next event to the next state. */
export const studyReducers: { [K in StudyKind]?: () => Promise<Reduce<StudyStates[K]>> } = {
  race: async () => (await import('./race-state.ts')).reduceRace as Reduce<RaceState>,
  slider: async () => (await import('./slider-state.ts')).reduceSlider as Reduce<SliderState>,
  compress: async () => (await import('./compress-state.ts')).reduceCompress as Reduce<CompressState>,
  prune: async () => (await import('./prune-state.ts')).reducePrune as Reduce<PruneState>,
  samples: async () => (await import('./samples-state.ts')).reduceSamples as Reduce<SamplesState>,
};
