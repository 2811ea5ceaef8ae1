/**
 * The tolerance of a loss in a digest, in nats per token. Largest differences measured after 20 to
 * 30 steps (docs/link-format.md): 0 between WASM on one and two threads, 2.4e-7 between WASM and
 * native, 6.2e-7 between WASM and WebGPU on a software adapter.
 */
import type { Measured } from './digest.ts';

export const LOSS: Omit<Measured, 'values'> = {
  decimals: 3,
  tolerance: { wasm: 0, other: 0.001 },
};
