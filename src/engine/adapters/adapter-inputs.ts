/**
 * The inputs of adapted blocks other than activations: A, Bᵀ and scale of every module, and zeros
 * for modules without an adapter.
 */
import { elementAt } from '../../checked.ts';
import type { CompiledModel, SiteModule } from '../../compiler/compiled.ts';
import type { Backend, DeviceTensor } from '../backends/backend.ts';
import { DeviceAdapters } from './device-adapters.ts';
import type { AdapterUse } from '../engine.ts';
import type { AdapterFeeds } from '../pieces/network.ts';

export class AdapterInputs {
  private readonly model: CompiledModel;
  private readonly backend: Backend;
  /** Zero tensors by width, of rank 1, for modules without an adapter. */
  private readonly nothing = new Map<number, DeviceTensor>();

  constructor(model: CompiledModel, backend: Backend) {
    this.model = model;
    this.backend = backend;
  }

  /** The adapter inputs by layer. The caller disposes `views` after the run. */
  feeds(use: AdapterUse, views: DeviceTensor[]): AdapterFeeds {
    const adapters = DeviceAdapters.from(use, this.backend);
    const byLayer = this.model.blocks.map(
      ({ sites }) =>
        new Map(
          sites.flatMap(({ modules }) =>
            modules.flatMap((m) => {
              const fed = adapters.feeds(m.module, use, views) ?? this.none(m);
              return [
                [m.loraA, fed.a],
                [m.loraB, fed.b],
                [m.scale, fed.scale],
              ] as [string, DeviceTensor][];
            }),
          ),
        ),
    );
    return (layer) => elementAt(byLayer, layer);
  }

  dispose(): void {
    for (const tensor of this.nothing.values()) tensor.dispose();
  }

  private none({ module }: SiteModule): { a: DeviceTensor; b: DeviceTensor; scale: DeviceTensor } {
    const zeros = (width: number, dims: readonly number[]) => {
      let tensor = this.nothing.get(width);
      if (!tensor) this.nothing.set(width, (tensor = this.backend.zeros(dims)));
      return tensor;
    };
    const { inFeatures, outFeatures } = elementAt(this.model.modules, module);
    // Width 0 stands for the scale, the only one-dimensional tensor.
    return {
      a: zeros(inFeatures, [1, inFeatures]),
      b: zeros(outFeatures, [1, outFeatures]),
      scale: zeros(0, [1]),
    };
  }
}
