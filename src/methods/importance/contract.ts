/**
 * The interface of an importance method. Each method has its own file, its words in
 * `<method>.words.ts` and lines in `registry.ts`. Schema, links, command line, the page's choices
 * and forms, the entries of the race and the compared methods follow from these. Code needed only
 * for measuring may be in `<method>.run.ts`.
 *
 * There are three kinds. `draws`: a method of the map, which measures values one after another and
 * repeats them. `importances`: one number per module, from a batch or from the weights alone.
 * `ranks`: ranks for a budget and initial adapters, instead of one number per module.
 */
import type { AdapterValues, Engine, GradientEngine, TokenBatch } from '../../engine/engine.ts';
import type { Language } from '../../language/language.ts';
import type { EqualBudget } from '../allocation/equal-budget.ts';
import type { AdaRankOptions } from './adarank.run.ts';
import type { MeasuredWith, MeasuringEvent } from './measuring.ts';
import type { ChoiceSetting, MethodSetting, WholeSetting } from './settings.ts';

/** Settings of a method of the map by name (`settings.ts`). */
export type DrawsShape = Readonly<Record<string, MethodSetting>> & { repeats: WholeSetting };

/** The values of these settings, as in an experiment. */
export type SettingsOf<S extends DrawsShape> = { -readonly [K in keyof S]: ValueOf<S[K]> };

type ValueOf<S extends MethodSetting> =
  S extends ChoiceSetting<infer Option> ? Option : S['normal'];

/** Backward passes through the model, and repeats in which every module is really perturbed. */
export interface Counts {
  passes: number;
  repeats: number;
}

/** `values[module][k]`. During a sweep some modules have one value more. */
export type Draws = readonly (readonly number[])[];

export interface Maps {
  draws: Draws;
  /**
   * Standard deviation of the logarithm of every importance, if the method estimates it in another
   * way than from the spread of its maps; else null.
   */
  error: number | null;
}

/** One value of one module, and the size of the model. */
export interface DrawPlace {
  kind: 'pass' | 'repeat';
  /** The module's layer; numbers of layers and modules in the model; tokens per sequence. */
  layer: number;
  layers: number;
  modules: number;
  length: number;
}

/** The part of the engine that measuring needs. */
export type MeasuringEngine = Engine & Pick<GradientEngine, 'jacobianNorms'>;

export interface DrawsContext<Settings> extends Omit<
  MeasuredWith<MeasuringEngine, never>,
  'options'
> {
  settings: Settings;
  seed: number;
}

export interface DrawsCode<Settings> {
  /**
   * Yields, per draw (and per layer if the method runs layer by layer), `probing` and `draws`, then
   * `sweep` after each draw. Computation starts only when the next event is requested. `known`
   * values are skipped. A value depends only on seed, module, draw and settings. Throws
   * `not-finite`.
   */
  draws(context: DrawsContext<Settings>): AsyncGenerator<MeasuringEvent, void, undefined>;
}

/** How a module is perturbed. */
export type Perturbation = Omit<AdaRankOptions, 'seed'>;

export interface DrawsMethod<S extends DrawsShape = DrawsShape> {
  gives: 'draws';
  /** Its settings in an experiment, next to its name. */
  settings: S;
  /** Number of values per module; passes come first. */
  counts(settings: SettingsOf<S>): Counts;
  /** Cost of one value, in layers run (`passCost`, `probeCost`). */
  cost(settings: SettingsOf<S>, place: DrawPlace): number;
  /** The maps computed from the values so far. If absent, each draw is a map. */
  maps?(settings: SettingsOf<S>, modules: readonly { role: string }[], measured: Draws): Maps;
  /**
   * How its modules are really perturbed. If absent, as in AdaRank, with the method's own noise if
   * it has any.
   */
  perturbation?(settings: SettingsOf<S>): Perturbation;
  /** Settings that affect the time per value. */
  pace: readonly (keyof S & string)[];
  code(): Promise<DrawsCode<SettingsOf<S>>>;
}

/** Progress of one result. */
export interface Progress {
  done: number;
  of: number;
}

/** Computes one result and yields in between, so that others can run. */
export type Steps<T> = AsyncGenerator<Progress, T, undefined>;

type BatchEngine = Engine & GradientEngine;

export interface ImportancesMethod {
  gives: 'importances';
  /** Input of the measurement: training sequences, or the weights alone. */
  needs: 'batch' | 'weights';
  code(): Promise<{
    /** One number ≥ 0 per module, in any unit. Throws what the engine throws. */
    importances(engine: BatchEngine, batch: TokenBatch): Steps<number[]>;
  }>;
}

export interface RanksMethod {
  gives: 'ranks';
  needs: 'batch';
  code(): Promise<{
    /** `largest`: the largest mean rank that will be requested. Throws what the engine throws. */
    allocation(engine: BatchEngine, batch: TokenBatch, largest: number): Steps<OwnAllocation>;
  }>;
}

export interface OwnAllocation {
  /** By module. */
  ranks(budget: EqualBudget): number[];
  /** Initial adapters of these ranks; none for modules of rank 0. */
  adapters(ranks: readonly number[]): AdapterValues[];
}

export type ImportanceMethod = DrawsMethod | ImportancesMethod | RanksMethod;

/** Defines a method of the map. The types of the values follow from its settings. */
export const drawsMethod = <const S extends DrawsShape>(
  method: Omit<DrawsMethod<S>, 'gives'>,
): DrawsMethod<S> => ({ ...method, gives: 'draws' });

/**
 * A probe of a module runs its layer, all later layers and the head, twice. The head costs about as
 * much as one layer.
 */
export const probeCost = ({ layer, layers }: DrawPlace): number => 2 * (layers - layer + 1);

/**
 * One pass serves all modules: forward, and backward at twice the cost. `passes` make one value.
 */
export const passCost = ({ layers, modules }: DrawPlace, passes = 1): number =>
  (3 * (layers + 1) * passes) / modules;

/** A result that takes one pass over the model. */
export async function* atOnce<T>(answer: () => Promise<T>): Steps<T> {
  yield { done: 0, of: 1 };
  return answer();
}

/** The words of a method in both languages. A method of the map has a label for each setting. */
export type WordsOf<M extends ImportanceMethod> = Record<
  Language,
  M extends { settings: infer S } ? DrawsWords<Exclude<keyof S & string, 'noise'>> : MethodWords
>;

export interface MethodWords {
  /** Name within a sentence and in tables: "gradient rank". */
  name: string;
  /** The principle of the method, in one sentence. */
  about: string;
}

export interface FieldWords {
  label: string;
  why?: string;
  /** Labels by value if the setting is a choice; `true` and `false` for a switch. */
  options?: Record<string, string>;
}

export interface DrawsWords<Field extends string = string> extends MethodWords {
  /** What the method does, for the choice of methods. */
  what: string;
  /** Its speed compared with the others, shown until this machine has measured it. */
  pace: string;
  /** What the ranges cover; '' if that needs no explanation. */
  ranges: string;
  /** Shown next to a finding instead of the number of settled ranks; null shows that number. */
  sure: string | null;
  /** Text for one module if its value is not a single measured disagreement; else null. */
  reckoned: { moves(value: string): string; why: { text: string; source: string } } | null;
  /** For each of its own settings except the noise. */
  fields: Record<Field, FieldWords>;
}
