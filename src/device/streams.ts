/**
 * Who draws which random numbers: every use of the generator in one table. Two uses with one number
 * would draw the same numbers for the same seed, so nobody names a stream but here (a test reads
 * the sources).
 */
import { streamKeys, type StreamKeys } from './random.ts';

/**
 * Streams below are the modules', by index: noise by draw, and LoRA's first A as draw 0 (which both
 * the PyTorch references have).
 */
export const MODULE_STREAMS = 20_000;

/**
 * What is not a module's. A number that was once used keeps its meaning: results are made again
 * from it.
 */
export const STREAMS = {
  /** The random baseline's ranks. */
  randomRanks: 0xffffffff,
  /**
   * Every seeded shuffle: training data by epoch, a task's rows (0), LASER's evaluations (1); they
   * shuffle different things.
   */
  order: 0xfffffffe,
  /** Signs of logits (the Jacobian probe), by draw. */
  logitSigns: 0xfffffffd,
  /** First centres of k-means, by their number. */
  centres: 0xfffffffc,
  /** Small removals that check a prediction. */
  smallRemovals: 0xfffffffb,
  /** The rank of a training step (QDyLoRA). */
  drawnRanks: 0xfffffffa,
  /** Tokens of a vocabulary's sample. */
  vocabularySample: 0xfffffff9,
  /** Where iterations for singular vectors start; what they end with does not depend on it. */
  startVectors: 0xfffffff8,
  /** Tokens of a generated text. */
  text: 0x7e47,
} as const;

export type StreamName = keyof typeof STREAMS;

/** The keys of a named stream, `b` its draw. */
export const keysOf = (seed: number, name: StreamName, b = 0): StreamKeys =>
  streamKeys(seed, STREAMS[name], b);

/**
 * The keys of a module's own stream, `b` its draw. Throws RangeError for a number that is no
 * module's.
 */
export function moduleKeys(seed: number, module: number, b: number): StreamKeys {
  if (!(Number.isInteger(module) && module >= 0 && module < MODULE_STREAMS))
    throw new RangeError(`${module} is no module's stream`);
  return streamKeys(seed, module, b);
}
