/**
 * The values of a measurement by method: how many per module, of which kind, and the maps computed
 * from them. A *map* is one independent measurement of every module; ranks, intervals, findings and
 * charts use only maps. For most methods each draw is a map; a method may compute other maps from
 * its draws.
 */
import { elementAt } from '../../checked.ts';
import type {
  Counts,
  Draws,
  DrawPlace,
  Maps,
  Perturbation,
} from '../../methods/importance/contract.ts';
import { methodOf } from '../../methods/importance/registry.ts';
import { noiseOf } from '../../methods/importance/settings.ts';
import { summarise, type Summary } from '../../methods/statistics.ts';
import type { MethodSpec } from '../../spec/spec.ts';

export type { Counts, Draws, Maps };

/** Number of complete sweeps. */
export const sweepsOf = (draws: Draws): number =>
  draws.length === 0 ? 0 : Math.min(...draws.map((d) => d.length));

/**
 * How a method perturbs its modules. A method without perturbations uses AdaRank's, with its own
 * noise settings if it has them.
 */
export const perturbationOf = (method: MethodSpec): Perturbation =>
  methodOf(method.name).perturbation?.(method) ?? {
    variant: 'two-draws',
    noise: noiseOf(method),
    repeats: 1,
    vocabularySample: 0,
  };

/** Values per module by kind. */
const countsAsked = (method: MethodSpec): Counts => methodOf(method.name).counts(method);

/** Total values per module. */
export const drawsAsked = (method: MethodSpec): number => {
  const { passes, repeats } = countsAsked(method);
  return passes + repeats;
};

/** The kind of a method's `repeats`: passes if the method perturbs nothing. */
export const kindOfRepeats = (method: MethodSpec): DrawPlace['kind'] =>
  countsAsked(method).repeats === 0 ? 'pass' : 'repeat';

/**
 * The part of a measurement that a draw belongs to: backward passes or perturbed repeats. `at` is
 * its number within the part, from 1.
 */
export function stageOf(
  method: MethodSpec,
  draw: number,
): { kind: DrawPlace['kind']; at: number; of: number } {
  const { passes, repeats } = countsAsked(method);
  const at = Math.min(draw + 1, passes + repeats);
  return at <= passes
    ? { kind: 'pass', at, of: passes }
    : { kind: 'repeat', at: at - passes, of: repeats };
}

/** Splits the first `draws` draws by kind. */
export function countsOf(method: MethodSpec, draws: number): Counts {
  const asked = countsAsked(method);
  const passes = asked.repeats === 0 ? draws : Math.min(draws, asked.passes);
  return { passes, repeats: draws - passes };
}

/** What a cost depends on: the model's layers, and the layer of each module. */
export interface CostModel {
  layers: number;
  modules: readonly { layer: number }[];
}

/** Cost of one value, in layers run. `length`: tokens per sequence. */
export const costOf = (
  method: MethodSpec,
  { layers, modules }: CostModel,
  { length, module, draw }: { length: number; module: number; draw: number },
): number =>
  methodOf(method.name).cost(method, {
    kind: stageOf(method, draw).kind,
    layer: elementAt(modules, module).layer,
    layers,
    modules: modules.length,
    length,
  });

/** Total cost of all values of all modules. */
export const costOfAll = (method: MethodSpec, model: CostModel, length: number): number =>
  model.modules.reduce(
    (sum, _, m) =>
      Array.from({ length: drawsAsked(method) }, (__, draw) =>
        costOf(method, model, { length, module: m, draw }),
      ).reduce((a, b) => a + b, sum),
    0,
  );

/** Settings on which the time of one value depends. */
export function paceOf(method: MethodSpec): unknown[] {
  const settings: Record<string, unknown> = { ...method };
  return methodOf(method.name).pace.map((key) => settings[key]);
}

/** Whether every draw of a method is a map. */
export const drawsAreMaps = ({ name }: MethodSpec): boolean => methodOf(name).maps === undefined;

/** The maps computed from the values so far. `modules` name the roles. */
export const mapsOf = (
  method: MethodSpec,
  modules: readonly { role: string }[],
  measured: Draws,
): Maps =>
  methodOf(method.name).maps?.(method, modules, measured) ?? { draws: measured, error: null };

/** Mean and standard error by module. The error that the method reports replaces s/√n. */
export const summariesOf = ({ draws, error }: Maps): Summary[] =>
  draws.map((values) => {
    const summary = summarise(values);
    return error === null ? summary : { ...summary, standardError: summary.mean * error };
  });
