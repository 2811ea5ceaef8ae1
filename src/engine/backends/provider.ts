/** Chooses the provider: the default rule, and the user's choice, which overrides it. */
import { AtlasError } from '../../errors.ts';
import type { ProviderKind } from '../engine.ts';

/**
 * Returns WebGPU if a real adapter exists. Returns WASM if there is none, or only a software
 * adapter (WASM is 20–50 times faster).
 */
export function chooseProvider(
  choice: 'auto' | ProviderKind,
  gpu: { software: boolean } | null,
): ProviderKind {
  if (choice !== 'auto') return choice;
  return gpu && !gpu.software ? 'webgpu' : 'wasm';
}

/** For a provider that only Node has. */
export const nativeInBrowser = (): AtlasError =>
  new AtlasError('no-native', {
    why: 'a browser cannot load it',
    remedy: 'It is for the command line and the library in Node.',
  });
