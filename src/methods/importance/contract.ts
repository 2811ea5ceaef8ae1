/**
 * What a way of measuring importance is to the rest of the house. Each has a file of its name, its
 * words beside it (`<method>.words.ts`), and a line in `registry.ts`: schema, links, the command
 * line, the page's choices and forms, the entries of the race and the methods that are compared
 * follow from these. Code that is only wanted once it measures may stand in `<method>.run.ts`.
 *
 * There are three kinds. `draws`: a method of the map, whose values come one after another and are
 * repeated. `importances`: one number a module, from a batch or from the weights alone. `ranks`: no
 * number a module, but ranks on a budget and where adapters begin.
 */
import type * as z from 'zod/mini';
import type { AdapterValues, Engine, GradientEngine, TokenBatch } from '../../engine/engine.ts';
import type { Language } from '../../language/language.ts';
import type { EqualBudget } from '../allocation/equal-budget.ts';
import type { AdaRankOptions } from './adarank.run.ts';
import type { MeasuredWith, MeasuringEvent } from './measuring.ts';

/** Settings by name, each a schema with a default and limits. */
export type Shape = Readonly<Record<string, z.core.$ZodType>>;
/** Those of a method of the map: `settings.ts` has the schema of `repeats`. */
export type DrawsShape = Shape & { repeats: z.core.$ZodType<number> };

export type SettingsOf<S extends Shape> = z.output<z.ZodMiniObject<S, z.core.$strict>>;

/** Passes back through the model, and repeats in which every module is really shaken. */
export interface Counts {
  passes: number;
  repeats: number;
}

/** `values[module][k]`; while a sweep is under way some modules have one more. */
export type Draws = readonly (readonly number[])[];

export interface Maps {
  draws: Draws;
  /**
   * Standard deviation of the logarithm of every importance, where the method knows it otherwise
   * than from the spread of its maps; null where it does not.
   */
  error: number | null;
}

/** One value of one module, and the model it is of. */
export interface DrawPlace {
  kind: 'pass' | 'repeat';
  /** The module's layer; layers and modules of the model; tokens of a sequence. */
  layer: number;
  layers: number;
  modules: number;
  length: number;
}

/** What measuring asks of an engine. */
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
   * By draw (and layer, where it goes by layers) `probing` and `draws`, after each draw `sweep`.
   * Nothing is computed until the next event is asked for, `known` values are left out, and a value
   * depends on nothing but seed, module, draw and settings. Throws `not-finite`.
   */
  draws(context: DrawsContext<Settings>): AsyncGenerator<MeasuringEvent, void, undefined>;
}

/** How a module is shaken. */
export type Shaking = Omit<AdaRankOptions, 'seed'>;

interface Method {
  words: Record<Language, MethodWords>;
}

export interface DrawsMethod<S extends DrawsShape = DrawsShape> extends Method {
  gives: 'draws';
  words: Record<Language, DrawsWords<Exclude<keyof S & string, 'noise'>>>;
  /** Its settings in an experiment, beside its name. */
  settings: S;
  /** How many values a module gets; passes come first. */
  counts(settings: SettingsOf<S>): Counts;
  /** What a value costs, in layers run (`passCost`, `shakeCost`). */
  cost(settings: SettingsOf<S>, place: DrawPlace): number;
  /** The maps that follow from the values so far. Absent: each draw is a map. */
  maps?(settings: SettingsOf<S>, modules: readonly { role: string }[], measured: Draws): Maps;
  /** How its modules are really shaken. Absent: as by AdaRank, with its own noise if it has one. */
  shaken?(settings: SettingsOf<S>): Shaking;
  /** Settings that decide the time of one value. */
  pace: readonly (keyof S & string)[];
  code(): Promise<DrawsCode<SettingsOf<S>>>;
}

/** How far one answer is. */
export interface Progress {
  done: number;
  of: number;
}

/** An answer for which others are given a turn in between. */
export type Steps<T> = AsyncGenerator<Progress, T, undefined>;

type BatchEngine = Engine & GradientEngine;

export interface ImportancesMethod extends Method {
  gives: 'importances';
  /** What it measures on: training sequences, or nothing but the weights. */
  needs: 'batch' | 'weights';
  code(): Promise<{
    /** One number ≥ 0 a module, in any unit. Throws what the engine throws. */
    importances(engine: BatchEngine, batch: TokenBatch): Steps<number[]>;
  }>;
}

export interface RanksMethod extends Method {
  gives: 'ranks';
  needs: 'batch';
  code(): Promise<{
    /** `largest`: the largest mean rank that will be asked for. Throws what the engine throws. */
    allocation(engine: BatchEngine, batch: TokenBatch, largest: number): Steps<OwnAllocation>;
  }>;
}

export interface OwnAllocation {
  /** By module. */
  ranks(budget: EqualBudget): number[];
  /** Where adapters of these ranks begin; modules of rank 0 have none. */
  adapters(ranks: readonly number[]): AdapterValues[];
}

export type ImportanceMethod = DrawsMethod | ImportancesMethod | RanksMethod;

/** A method of the map; the settings' types follow from its schemas. */
export const drawsMethod = <const S extends DrawsShape>(
  method: Omit<DrawsMethod<S>, 'gives'>,
): DrawsMethod<S> => ({ ...method, gives: 'draws' });

/**
 * A module that is shaken goes, twice, through its own layer, those after it, and the head (as dear
 * as one more layer, near enough).
 */
export const shakeCost = ({ layer, layers }: DrawPlace): number => 2 * (layers - layer + 1);

/** A pass is for all modules at once: forward and, twice as dear, back; `passes` make a value. */
export const passCost = ({ layers, modules }: DrawPlace, passes = 1): number =>
  (3 * (layers + 1) * passes) / modules;

/** What one pass over the model answers. */
export async function* atOnce<T>(answer: () => Promise<T>): Steps<T> {
  yield { done: 0, of: 1 };
  return answer();
}

export interface MethodWords {
  /** Within a sentence and in tables: "gradient rank". */
  name: string;
  /** What it goes by, in one sentence. */
  about: string;
}

export interface FieldWords {
  label: string;
  why?: string;
  /** By value, where the setting is a choice; `true` and `false` of a switch. */
  options?: Record<string, string>;
}

export interface DrawsWords<Field extends string = string> extends MethodWords {
  /** What is done, for the choice of methods. */
  what: string;
  /** How long it takes beside the others, until this machine has measured it. */
  pace: string;
  /** What the ranges hold; '' where that needs no words. */
  ranges: string;
  /** Beside a finding, in place of how many ranks are settled; null: that is said. */
  sure: string | null;
  /** Of one module, where its value is no single shake; null: it is one. */
  reckoned: { moves(value: string): string; why: { text: string; source: string } } | null;
  /** Of every setting of its own but the noise. */
  fields: Record<Field, FieldWords>;
}
