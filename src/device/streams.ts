/**
 * Assigns the random streams: one table of every use of the generator. Two uses with the same
 * number would draw the same numbers, so streams are named only here (`streams.test.ts` reads the
 * sources).
 */
import { streamKeys, type StreamKeys } from './random.ts';

/**
 * Smaller numbers are module indices. A module's stream has its noise, by draw. The initial A of
 * LoRA is draw 0, as in both PyTorch references.
 */
export const MODULE_STREAMS = 20_000;

/**
 * Streams that belong to no module. Never change the meaning of a number: saved results are
 * reproduced from it.
 */
export const STREAMS = {
  /** Ranks of the random baseline. */
  randomRanks: 0xffffffff,
  /**
   * Every seeded shuffle: training data by epoch, a task's rows (0), LASER's evaluations (1). Each
   * shuffles a different list.
   */
  order: 0xfffffffe,
  /** Signs of the logits (Jacobian probe), by draw. */
  logitSigns: 0xfffffffd,
  /** Initial centres of k-means, by their number. */
  centres: 0xfffffffc,
  /** Small removals that check a predicted score. */
  smallRemovals: 0xfffffffb,
  /** The rank drawn for a training step (QDyLoRA). */
  drawnRanks: 0xfffffffa,
  /** Sampled tokens of a vocabulary. */
  vocabularySample: 0xfffffff9,
  /** Start vectors of singular vector iterations. The result does not depend on them. */
  startVectors: 0xfffffff8,
  /** Maps resampled within their error. */
  resampledMaps: 0xfffffff7,
  /** Tokens of a generated text. */
  text: 0x7e47,
} as const;

export type StreamName = keyof typeof STREAMS;

/** The keys of a named stream. `b` is the draw. */
export const keysOf = (seed: number, name: StreamName, b = 0): StreamKeys =>
  streamKeys(seed, STREAMS[name], b);

/**
 * The keys of a module's stream. `b` is the draw. Throws RangeError if `module` is not a module
 * index.
 */
export function moduleKeys(seed: number, module: number, b: number): StreamKeys {
  if (!(Number.isInteger(module) && module >= 0 && module < MODULE_STREAMS))
    throw new RangeError(`${module} is no module's stream`);
  return streamKeys(seed, module, b);
}
