/**
 * How the probes of a batch are laid out: as entries, perturbed copies of the token batch, one
 * after the other.
 */
import { elementAt } from '../../checked.ts';
import type { ModuleInfo } from '../../compiler/modules.ts';
import { moduleKeys } from '../../device/streams.ts';
import { CLEAN, type NoiseSlot } from '../../device/twins.ts';
import type { Probe } from '../engine.ts';

/** Entries of a probe: draw a, then draw b if there is one. */
export const entriesOf = ({ b }: Probe): 1 | 2 => (b ? 2 : 1);

/**
 * Noise of every entry (`rows` tokens each), grouped by module: one product call serves all draws
 * of a module.
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

/** Entry indices of each probe's two sides; CLEAN stands for the clean output. */
export function pairsOf(probes: readonly Probe[]): Uint32Array {
  let entry = 0;
  return Uint32Array.from(probes.flatMap(({ b }) => (b ? [entry++, entry++] : [entry++, CLEAN])));
}
