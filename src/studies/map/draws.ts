/**
 * What the values of a measurement are, by method: how many each module gets, of what kind, and the
 * maps that follow from them.
 *
 * A *map* is one independent measurement of every module; ranks, intervals, findings and charts are
 * made of maps alone. The draws of AdaRank and of the Jacobian probe are maps as they come. The
 * combined method's are not: first come draws of signs, one map together until a module has really
 * been shaken; from then on each sampled draw makes one map with all of them.
 */
import { elementAt } from '../../checked.ts';
import { combine } from '../../methods/combined.ts';
import type { AdaRankSpec, MethodSpec } from '../../spec/spec.ts';

/**
 * `values[module][k]`, all modules having equally many or, while a sweep is under way, some one
 * more.
 */
export type Draws = readonly (readonly number[])[];

export interface Maps {
  draws: Draws;
  /**
   * Standard deviation of the logarithm of every importance, where the method knows it otherwise
   * than from the spread of its maps; null where it does not.
   */
  error: number | null;
}

/** Sweeps that every module has been through. */
export const sweepsOf = (draws: Draws): number =>
  draws.length === 0 ? 0 : Math.min(...draws.map((d) => d.length));

/**
 * How a method's modules are shaken, or would be: AdaRank, with the method's own settings where it
 * has them.
 */
export const shaking = (method: MethodSpec): AdaRankSpec =>
  method.name === 'adarank'
    ? method
    : {
        name: 'adarank',
        variant: 'two-draws',
        noise: method.noise,
        repeats: 1,
        vocabularySample: 0,
      };

/** Sign draws a method begins with. */
const signsOf = (method: MethodSpec): number => (method.name === 'combined' ? method.signs : 0);

/** Values a module gets in all. */
export const drawsAsked = (method: MethodSpec): number => signsOf(method) + method.repeats;

/**
 * Which part of a measurement a draw belongs to: passes back through the model, or repeats in which
 * modules are shaken; and which one of how many, from 1.
 */
export function stageOf(
  method: MethodSpec,
  draw: number,
): { kind: 'pass' | 'repeat'; at: number; of: number } {
  const signs = signsOf(method);
  const at = Math.min(draw + 1, drawsAsked(method));
  if (at <= signs) return { kind: 'pass', at, of: signs };
  return {
    kind: method.name === 'jacobian' ? 'pass' : 'repeat',
    at: at - signs,
    of: method.repeats,
  };
}

export interface Counts {
  passes: number;
  repeats: number;
}

/** What the first `draws` draws are. */
export function countsOf(method: MethodSpec, draws: number): Counts {
  const passes = method.name === 'jacobian' ? draws : Math.min(draws, signsOf(method));
  return { passes, repeats: draws - passes };
}

/** What a cost is reckoned from: a model's layers, and the layer of each module. */
export interface CostModel {
  layers: number;
  modules: readonly { layer: number }[];
}

/**
 * What one value costs, in layers run. A module that is shaken goes, twice, through its own layer,
 * those after it, and the head (as dear as one more layer, near enough). A pass is for all modules
 * at once: forward and, twice as dear, back; with `perToken` it takes one for each of a sequence's
 * `length` positions.
 */
export function costOf(
  method: MethodSpec,
  { layers, modules }: CostModel,
  { length, module, draw }: { length: number; module: number; draw: number },
): number {
  if (stageOf(method, draw).kind === 'repeat')
    return 2 * (layers - elementAt(modules, module).layer + 1);
  return (
    (3 * (layers + 1) * (method.name === 'jacobian' && method.perToken ? length : 1)) /
    modules.length
  );
}

/** What all values of all modules cost together. */
export const costOfAll = (method: MethodSpec, model: CostModel, length: number): number =>
  model.modules.reduce(
    (sum, _, m) =>
      Array.from({ length: drawsAsked(method) }, (__, draw) =>
        costOf(method, model, { length, module: m, draw }),
      ).reduce((a, b) => a + b, sum),
    0,
  );

/** The maps that follow from what is measured so far. `modules` name the roles. */
export function mapsOf(
  method: MethodSpec,
  modules: readonly { role: string }[],
  measured: Draws,
): Maps {
  if (method.name !== 'combined') return { draws: measured, error: null };
  const { signs } = method;
  const sampled = sweepsOf(measured) - signs;
  if (sampled <= 0)
    return {
      draws: measured.map((d) => (d.length > 0 ? [mean(d.slice(0, signs))] : [])),
      error: null,
    };
  const { maps, error } = combine(
    measured.map((d) => d.slice(0, signs)),
    measured.map((d) => d.slice(signs, signs + sampled)),
    modules.map((m) => m.role),
  );
  return { draws: maps, error };
}

const mean = (x: readonly number[]) => x.reduce((a, b) => a + b, 0) / x.length;
