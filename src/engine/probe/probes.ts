/**
 * The layout of the probes of a batch as entries, consecutive perturbed copies of the token batch.
 */
import { elementAt } from '../../checked.ts';
import type { ModuleInfo } from '../../compiler/modules.ts';
import { moduleKeys } from '../../device/streams.ts';
import { CLEAN, type NoiseSlot } from '../../device/twins.ts';
import type { Probe } from '../engine.ts';

/** Entries of a probe: draw a, then draw b if present. */
export const entriesOf = ({ b }: Probe): 1 | 2 => (b ? 2 : 1);

/**
 * Noise of every entry (`rows` tokens each), grouped by module: one call of the noise product
 * serves all draws of a module.
 */
export function noiseSlots(
  probes: readonly Probe[],
  rows: number,
  modules: readonly ModuleInfo[],
): Map<number, NoiseSlot[]> {
  const slots = new Map<number, NoiseSlot[]>();
  let entry = 0;
  for (const { module, a, b, bias } of probes) {
    for (const draw of b ? [a, b] : [a]) {
      const list = slots.get(module) ?? [];
      list.push({
        keys: moduleKeys(draw.seed, module, draw.draw),
        std: draw.std,
        row: entry++ * rows,
        bias: bias === true && elementAt(modules, module).hasBias,
      });
      slots.set(module, list);
    }
  }
  return slots;
}

/** Entry indices of each probe's two sides. CLEAN stands for the clean pass. */
export function pairsOf(probes: readonly Probe[]): Uint32Array {
  let entry = 0;
  return Uint32Array.from(probes.flatMap(({ b }) => (b ? [entry++, entry++] : [entry++, CLEAN])));
}
