/** Which provider computes: the rule of the house, and the user's choice over it. */
import type { ProviderKind } from '../engine.ts';

/**
 * WebGPU when a real adapter exists; WASM when there is none, or a software one (WASM is 20–50
 * times faster than that).
 */
export function chooseProvider(
  choice: 'auto' | ProviderKind,
  gpu: { software: boolean } | null,
): ProviderKind {
  if (choice !== 'auto') return choice;
  return gpu && !gpu.software ? 'webgpu' : 'wasm';
}
