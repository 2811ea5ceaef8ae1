/**
 * What a study is to the rest of the house. Each has a folder with a `study.ts`, and its lines in
 * `registry.ts`: schema, link, checkpoint keys, presets, tabs and the command line follow from
 * these.
 */
import type * as z from 'zod/mini';
import type { Language } from '../language/language.ts';
import type { Model } from '../model/memory.ts';
import type { ModelPart } from '../onnx/write-model.ts';
import type { CommonSpec, TextRef } from '../spec/spec.ts';
import type { StudyContext } from './context.ts';
import type { MadeBase, ModelGraph } from './made-base.ts';
import type { ExperimentSpec } from './spec.ts';

/** What every study's events have; which there are is each study's own affair. */
export interface StudyEvent {
  type: string;
}

/** What a study's events add up to. Once there is a result the study is done. */
export interface StudyState {
  result: object | null;
}

/** How a study runs, and what is shown of it. */
export interface StudyCode<State> {
  /**
   * Events until the study is done; nothing is computed before the next one is asked for. `now`:
   * the state after the last event, which whoever pulls keeps (`pulled.ts`).
   */
  run(context: StudyContext, now: () => State): AsyncGenerator<StudyEvent, void, undefined>;
  /** The state after one more event of this study. */
  reduce(state: State | null, event: StudyEvent): State;
  /** How far that is, 0 to 1; of its present part, where parts take unlike times. */
  progress(state: State): number;
  /**
   * Whether the run may stand after an event: `step`: it may, and a step ends there (default);
   * `pause`: it may, and a step goes on; `no`: what the event announces comes first.
   */
  restsAfter?(event: StudyEvent): 'step' | 'pause' | 'no';
}

/** Something to say while a study runs; null: nothing. */
export type Told =
  /** What it is doing, in place of what was said last. */
  | { doing: string }
  /** A line of its own on stderr. */
  | { note: string }
  /** A line of its own on stdout. */
  | { line: string }
  /** Goes to stdout as it is. */
  | { write: string }
  | null;

/** What the command line says of a study. */
export interface StudyReport<State> {
  /** What is said as it happens. */
  told(state: State, event: StudyEvent): Told;
  /** What was found; empty where it has been written already. */
  text(state: State): string;
  /** The result as a file; default: its JSON. */
  file?(state: State): string;
}

/** Models and weights that a study leaves behind, as files below one folder. */
export type StudyExport<State> = (
  model: ModelGraph,
  state: State,
  made: MadeBase | null,
) => AsyncIterable<ModelPart>;

/** Bytes a study takes at its fullest, beside the model as it came. */
export type StudyNeed = (spec: ExperimentSpec, model: Model) => number;

/** The words of a study that are wanted before its plate is open. */
export interface StudyLabels {
  tab: string;
  /** The status before it has run: where it stands, and what Play does. */
  ready: string;
  next: string;
  running: string;
  done: string;
}

/** An experiment worth opening with. */
export type Preset = {
  /** Differences from the default. */
  spec: object;
} & Record<Language, { name: string; look: string }>;

export interface Study<Settings, State extends StudyState> {
  /**
   * Its settings in an experiment, under its name: defaults and limits. null: it has none but
   * those that every experiment has.
   */
  settings: Settings extends null ? null : z.ZodMiniType<Settings>;
  labels: Record<Language, StudyLabels>;
  /** By name. */
  presets: Record<string, Preset>;
  /** Its plate: one of the tabs, or all of the plate; or the map, with charts of its own. */
  place: 'tab' | 'plate' | 'map';
  /** Each part comes when it is first wanted. */
  code(): Promise<StudyCode<State>>;
  report(): Promise<StudyReport<State>>;
  /** Absent: it leaves no model behind. */
  exported?(): Promise<StudyExport<State>>;
  /** Absent: it trains nothing. */
  need?(): Promise<StudyNeed>;
  /** Settings that every experiment has and that its numbers follow from. */
  uses(spec: ExperimentSpec): readonly (keyof CommonSpec)[];
  /** It trains or takes gradients: its kernels are tested before its first run. */
  trains: boolean;
  /** Whether its ranks follow from the map, which is measured first. Absent: never. */
  followsMap?(spec: ExperimentSpec): boolean;
  /** Whether an adapter that is taken in has a part in it. */
  takesAdapter(spec: ExperimentSpec): boolean;
  /** The texts it reads. */
  texts(spec: ExperimentSpec): TextRef[];
  /** Other files that it reads, by their path below `public/`. */
  files?(spec: ExperimentSpec): string[];
  /** The base that other studies can run on once this one has made it. */
  makes?: {
    base: MadeBase['kind'];
    /** Settings that decide what it becomes: not those that only judge it or compare. */
    decidedBy: RegExp;
    /** How far the base is, 0 to 1. */
    share(): Promise<(state: State) => number>;
  };
  /**
   * A checkpoint made of what is in view. Absent: the study leaves checkpoints of its own, which
   * are stored.
   */
  checkpointOf?(state: State): unknown;
  /** Play runs it again with the same settings. */
  repeats?: true;
  /** It follows the settings: a change of what it uses ends a run under way. */
  followsSettings?: true;
  /**
   * A run that is through can go on: `setting` only says for how long, `more` is the experiment
   * with more of it, null where there is as much as there may be.
   */
  longer?: {
    setting: string;
    more(spec: ExperimentSpec): ExperimentSpec | null;
    isWhole(state: State, spec: ExperimentSpec): boolean;
  };
}
