/**
 * Masks on the provider, and the weights M ⊙ (W + s B A) of a block. They are computed block by
 * block, so no second copy of the model exists.
 */
import { elementAt } from '../../checked.ts';
import type { CompiledModel, Site, SiteModule } from '../../compiler/compiled.ts';
import { maskWords } from '../../device/sparse-twins.ts';
import type { Backend, DeviceTensor } from '../backends/backend.ts';
import { DeviceAdapters, usedRank } from './device-adapters.ts';
import type { AdapterUse, Masks } from '../engine.ts';
import { ownHandle } from '../handle.ts';
import type { Pieces } from '../pieces/pieces.ts';
import type { PlacedWeights } from '../pieces/placed-weights.ts';
import type { ModuleRows, SparseOps, UsedAdapter } from '../backends/sparse-ops.ts';

export class DeviceMasks implements Masks {
  readonly backend: Backend;
  disposed = false;
  private readonly model: CompiledModel;
  private readonly sparse: SparseOps;
  private readonly held = new Map<number, { bits: Uint32Array; tensor: DeviceTensor }>();

  constructor(model: CompiledModel, backend: Backend, sparse: SparseOps) {
    this.model = model;
    this.backend = backend;
    this.sparse = sparse;
  }

  static from(masks: Masks, backend: Backend): DeviceMasks {
    return ownHandle(DeviceMasks, masks, backend);
  }

  bits(module: number): Uint32Array | null {
    return this.held.get(module)?.bits ?? null;
  }

  tensor(module: number): DeviceTensor | null {
    return this.held.get(module)?.tensor ?? null;
  }

  set(module: number, bits: Uint32Array): void {
    const { outFeatures: outputs, inFeatures: inputs } = elementAt(this.model.modules, module);
    if (bits.length !== maskWords({ outputs, inputs }))
      throw new RangeError(`${bits.length} words are no mask of ${outputs} x ${inputs}`);
    this.held.get(module)?.tensor.dispose();
    this.held.set(module, { bits, tensor: this.sparse.mask(bits) });
  }

  dispose(): void {
    this.disposed = true;
    for (const { tensor } of this.held.values()) tensor.dispose();
    this.held.clear();
  }
}

export class MaskedWeights {
  private readonly model: CompiledModel;
  private readonly backend: Backend;
  private readonly pieces: Pieces;
  private readonly placed: PlacedWeights;
  /** One weight per site of a block, by index and dims. The next block overwrites it. */
  private readonly scratch = new Map<string, DeviceTensor>();

  constructor(model: CompiledModel, backend: Backend, pieces: Pieces, placed: PlacedWeights) {
    this.model = model;
    this.backend = backend;
    this.pieces = pieces;
    this.placed = placed;
  }

  /**
   * The weights of a layer's products by name, valid until the next call. Throws AtlasError
   * `float-only`.
   */
  async of(layer: number, use: AdapterUse): Promise<ReadonlyMap<string, DeviceTensor>> {
    const weights = new Map<string, DeviceTensor>();
    for (const site of elementAt(this.model.blocks, layer).sites) {
      const into = this.scratchFor(site);
      for (const part of site.modules) await this.merge(part, use, into);
      weights.set(
        elementAt(this.placed.floatWeight(elementAt(site.modules, 0).module).tensors, 0).name,
        into,
      );
    }
    return weights;
  }

  /** A module's rows of M ⊙ (W + s B A), valid until the next call. */
  async rows(site: Site, part: SiteModule, use: AdapterUse): Promise<ModuleRows> {
    const into = this.scratchFor(site);
    await this.merge(part, use, into);
    return { ...this.ownRows(part), weight: into };
  }

  adapterOf(module: number, use: AdapterUse): UsedAdapter | null {
    const adapter = DeviceAdapters.from(use, this.backend).of(module);
    return (
      adapter && {
        pair: adapter.values,
        rank: usedRank(use, module, adapter.rank),
        scale: use.scale(module),
      }
    );
  }

  dispose(): void {
    for (const tensor of this.scratch.values()) tensor.dispose();
    this.scratch.clear();
  }

  private async merge(part: SiteModule, use: AdapterUse, into: DeviceTensor): Promise<void> {
    const mask = use.masks ? DeviceMasks.from(use.masks, this.backend).tensor(part.module) : null;
    return (await this.backend.sparse()).merge(
      this.ownRows(part),
      mask,
      this.adapterOf(part.module, use),
      into,
    );
  }

  private ownRows({ module, offset }: SiteModule): ModuleRows {
    const { tensors, outFeatures: outputs, inFeatures: inputs } = this.placed.floatWeight(module);
    return {
      weight: this.pieces.resident(elementAt(tensors, 0)),
      first: offset * inputs,
      outputs,
      inputs,
    };
  }

  private scratchFor(site: Site): DeviceTensor {
    const dims = [
      site.width,
      elementAt(this.model.modules, elementAt(site.modules, 0).module).inFeatures,
    ];
    const key = `${site.index}:${dims}`;
    let tensor = this.scratch.get(key);
    if (!tensor) this.scratch.set(key, (tensor = this.backend.zeros(dims)));
    return tensor;
  }
}
