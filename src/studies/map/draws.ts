/**
 * What the values of a measurement are, by method: how many each module gets, of what kind, and the
 * maps that follow from them.
 *
 * A *map* is one independent measurement of every module; ranks, intervals, findings and charts are
 * made of maps alone. Of most methods the draws are maps as they come; a method may make other maps
 * of them.
 */
import { elementAt } from '../../checked.ts';
import type { Counts, Draws, DrawPlace, Maps, Shaking } from '../../methods/importance/contract.ts';
import { methodOf } from '../../methods/importance/registry.ts';
import { noiseOf } from '../../methods/importance/settings.ts';
import type { MethodSpec } from '../../spec/spec.ts';

export type { Counts, Draws, Maps };

/** Sweeps that every module has been through. */
export const sweepsOf = (draws: Draws): number =>
  draws.length === 0 ? 0 : Math.min(...draws.map((d) => d.length));

/**
 * How a method's modules are shaken, or would be: by AdaRank, with the method's own settings where
 * it has them.
 */
export const shaking = (method: MethodSpec): Shaking =>
  methodOf(method.name).shaken?.(method) ?? {
    variant: 'two-draws',
    noise: noiseOf(method),
    repeats: 1,
    vocabularySample: 0,
  };

/** Values a module gets of either kind. */
const countsAsked = (method: MethodSpec): Counts => methodOf(method.name).counts(method);

/** Values a module gets in all. */
export const drawsAsked = (method: MethodSpec): number => {
  const { passes, repeats } = countsAsked(method);
  return passes + repeats;
};

/** What a method's `repeats` are: passes where it shakes nothing. */
export const kindOfRepeats = (method: MethodSpec): DrawPlace['kind'] =>
  countsAsked(method).repeats === 0 ? 'pass' : 'repeat';

/**
 * Which part of a measurement a draw belongs to: passes back through the model, or repeats in which
 * modules are shaken; and which one of how many, from 1.
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

/** What the first `draws` draws are. */
export function countsOf(method: MethodSpec, draws: number): Counts {
  const asked = countsAsked(method);
  const passes = asked.repeats === 0 ? draws : Math.min(draws, asked.passes);
  return { passes, repeats: draws - passes };
}

/** What a cost is reckoned from: a model's layers, and the layer of each module. */
export interface CostModel {
  layers: number;
  modules: readonly { layer: number }[];
}

/** What one value costs, in layers run; `length`: tokens of a sequence. */
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

/** What all values of all modules cost together. */
export const costOfAll = (method: MethodSpec, model: CostModel, length: number): number =>
  model.modules.reduce(
    (sum, _, m) =>
      Array.from({ length: drawsAsked(method) }, (__, draw) =>
        costOf(method, model, { length, module: m, draw }),
      ).reduce((a, b) => a + b, sum),
    0,
  );

/** Settings that decide the time of one value. */
export function paceOf(method: MethodSpec): unknown[] {
  const settings: Record<string, unknown> = { ...method };
  return methodOf(method.name).pace.map((key) => settings[key]);
}

/** Whether every draw of a method is a map. */
export const drawsAreMaps = ({ name }: MethodSpec): boolean => methodOf(name).maps === undefined;

/** The maps that follow from what is measured so far. `modules` name the roles. */
export const mapsOf = (
  method: MethodSpec,
  modules: readonly { role: string }[],
  measured: Draws,
): Maps =>
  methodOf(method.name).maps?.(method, modules, measured) ?? { draws: measured, error: null };
