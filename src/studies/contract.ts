/**
 * The interface of a study. Each study has a folder with a `study.ts` (how it runs) and a
 * `manifest.ts` (settings, labels, presets and more), and a line in each of the lists `studies.ts`
 * and `manifests.ts`. Schema, link, checkpoint keys, presets, tabs and the command line are derived
 * from these. They are separate because the engine's thread needs no manifest.
 */
import type * as z from 'zod/mini';
import type { Language } from '../language/language.ts';
import type { Model } from '../model/memory.ts';
import type { ModelPart } from '../onnx/write-model.ts';
import type { CommonSpec, TextRef } from '../spec/spec.ts';
import type { StudyContext } from './context.ts';
import type { DerivedBase, ModelGraph } from './derived-base.ts';
import type { EvidenceOf } from './digest.ts';
import type { ExperimentSpec } from './spec.ts';

/** The common part of all events; each study defines its own types. */
export interface StudyEvent {
  type: string;
}

/** The common part of all states. A study is done once it has a result. */
export interface StudyState {
  result: object | null;
}

/** How a study runs, and how its events become a state. */
export interface StudyCode<State> {
  /**
   * Yields events until the study is done; computes nothing before the next event is requested.
   * `now` returns the state after the last event, which the caller holds (`pulled.ts`).
   */
  run(context: StudyContext, now: () => State): AsyncGenerator<StudyEvent, void, undefined>;
  /** Returns the state after one more event of this study. */
  reduce(state: State | null, event: StudyEvent): State;
  /** Progress, 0 to 1; of the current part if the parts take different times. */
  progress(state: State): number;
  /**
   * Whether the run may pause after an event. `step` (default): yes, and a single step ends here.
   * `pause`: yes, but a single step continues. `no`: what the event announces comes first.
   */
  mayPauseAfter?(event: StudyEvent): 'step' | 'pause' | 'no';
}

/** What the command line prints while a study runs; null: nothing. */
export type StudyOutput =
  /** The current activity; replaces the previous one. */
  | { doing: string }
  /** A line on stderr. */
  | { note: string }
  /** A line on stdout. */
  | { line: string }
  /** Written to stdout unmodified. */
  | { write: string }
  | null;

/** What leaves the page about a study: what the command line prints, and what a link holds. */
export interface StudyReport<State> {
  /** Printed after each event. */
  output(state: State, event: StudyEvent): StudyOutput;
  /** The findings; empty if they have been printed already. */
  text(state: State): string;
  /** The result as a file; default: its JSON. */
  file?(state: State): string;
  /** The numbers by which a link's result is recognised. Absent: links hold none of this study. */
  evidence?: EvidenceOf<State>;
}

/** Models and weights that a study produces, as files below one folder. */
export type StudyExport<State> = (
  model: ModelGraph,
  state: State,
  derived: DerivedBase | null,
) => AsyncIterable<ModelPart>;

/** Peak memory of a study in bytes, in addition to the original model. */
export type StudyNeed = (spec: ExperimentSpec, model: Model) => number;

/** The words of a study that the page shows before its panel is open. */
export interface StudyLabels {
  tab: string;
  /** The status before the first run: what there is so far, and what a run does. */
  ready: string;
  next: string;
  running: string;
  done: string;
}

/** An example experiment of the page. */
export type Preset = {
  /** Differences from the default experiment. */
  spec: object;
  /**
   * Of a preset of the map: the experiment whose map is compared with it at the end, as differences
   * from the default experiment.
   */
  against?: object;
} & Record<Language, { name: string; look: string }>;

/**
 * What the schema of experiments, the page and the command line need to know about a study, in
 * addition to how it runs.
 */
export interface StudyManifest<Settings, State extends StudyState> {
  /**
   * Schema of the study's settings, with defaults and limits; null: only the settings that every
   * experiment has.
   */
  settings: Settings extends null ? null : z.ZodMiniType<Settings>;
  labels: Record<Language, StudyLabels>;
  /** By name. */
  presets: Record<string, Preset>;
  /**
   * Where the study appears: in one of the tabs, in the whole panel, or as the map with its own
   * charts.
   */
  place: 'tab' | 'panel' | 'map';
  /** `report` and `exported` load at their first use. */
  report(): Promise<StudyReport<State>>;
  /** Absent: the study produces no model. */
  exported?(): Promise<StudyExport<State>>;
  /** The study can run again with the same settings. */
  repeats?: true;
  /** A change of a setting that the study uses ends the current run. */
  followsSettings?: true;
  /**
   * A finished run can be extended. `setting` only sets its length. `more` returns the experiment
   * with a longer run, or null at the limit.
   */
  longer?: {
    setting: string;
    more(spec: ExperimentSpec): ExperimentSpec | null;
    isWhole(state: State, spec: ExperimentSpec): boolean;
  };
}

/** How a study runs, and what its numbers depend on. */
export interface Study<State extends StudyState> {
  /** Lists of studies, such as the tabs, are in this order. */
  order: number;
  /** `code` and `need` load at their first use. */
  code(): Promise<StudyCode<State>>;
  /** Absent: the study trains nothing. */
  need?(): Promise<StudyNeed>;
  /** The common settings that affect the study's numbers. */
  uses(spec: ExperimentSpec): readonly (keyof CommonSpec)[];
  /** The study trains or takes gradients, so its kernels are tested before its first run. */
  trains: boolean;
  /** Whether its ranks follow from the map, which then runs first. Absent: never. */
  followsMap?(spec: ExperimentSpec): boolean;
  /** Whether it uses an imported adapter. */
  takesAdapter(spec: ExperimentSpec): boolean;
  /** The texts it reads. */
  texts(spec: ExperimentSpec): TextRef[];
  /** Other files it reads, by their path below `public/`. */
  files?(spec: ExperimentSpec): string[];
  /** The base that this study makes for other studies. */
  makes?: {
    base: DerivedBase['kind'];
    /** Matches the settings that affect the base, not those for evaluation or comparison. */
    decidedBy: RegExp;
    /** Progress until the base exists, 0 to 1. */
    share(): Promise<(state: State) => number>;
  };
  /**
   * Builds a checkpoint from the visible state. Absent: the study offers its own checkpoints, which
   * are stored.
   */
  checkpointOf?(state: State): unknown;
}
