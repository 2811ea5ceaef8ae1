/**
 * What the adapted blocks take besides activations: A, Bᵀ and scale of every module, and zeros
 * where a module has no adapter.
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
  /** Zero pairs of rank 1, by width: modules without an adapter are fed these. */
  private readonly nothing = new Map<number, DeviceTensor>();

  constructor(model: CompiledModel, backend: Backend) {
    this.model = model;
    this.backend = backend;
  }

  /** By layer; the `views` made on the way are the caller's to dispose, after the run. */
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
    // Width 0 stands for the scale, the only tensor of one dimension.
    return {
      a: zeros(inFeatures, [1, inFeatures]),
      b: zeros(outFeatures, [1, outFeatures]),
      scale: zeros(0, [1]),
    };
  }
}
