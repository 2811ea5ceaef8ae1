/** Adapters as plain data, and their use for the duration of one call. */
import type { AdapterUse, AdapterValues } from '../engine/engine.ts';
import { AtlasError } from '../errors.ts';
import type { Model } from './model.ts';
import { checkArgument } from './options.ts';

/** An adapter: its matrices by module, and its scale. */
export interface Adapter {
  /** `A` [rank, in] and `B` [out, rank] of every module with rank above 0. */
  values: AdapterValues[];
  /** Scale `s` of a module: α/r, α/√r or fixed. */
  scale(module: number): number;
}

/** Uploads an adapter to the provider for the duration of `task`, then disposes it. */
export async function withAdapter<T>(
  model: Model,
  adapter: Adapter | undefined,
  task: (use?: AdapterUse) => Promise<T>,
): Promise<T> {
  if (!adapter) return task();
  checkArgument('adapter', 'adapter', adapter);
  checkShapes(model, adapter);
  const adapters = await model.engine.adapters(adapter.values);
  try {
    return await task({ adapters, scale: (module) => adapter.scale(module) });
  } finally {
    adapters.dispose();
  }
}

/** Throws `adapter-model` for an adapter of other shapes. */
export function checkShapes({ adapterPlaces }: Model, { values }: Adapter): void {
  for (const { module, rank, loraA, loraB } of values) {
    const place = adapterPlaces[module];
    if (
      loraA.length !== rank * (place?.inFeatures ?? 0) ||
      loraB.length !== rank * (place?.outFeatures ?? 0)
    )
      throw new AtlasError('adapter-model', {
        file: 'The adapter',
        why: `its matrices for ${place?.path ?? `module ${module}`} have other sizes`,
      });
  }
}
