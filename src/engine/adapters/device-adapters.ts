/**
 * Adapters on the provider: A and Bᵀ of every module, their gradients, AdamW's moments, and the
 * inputs of a block.
 */
import { elementAt } from '../../checked.ts';
import type { CompiledModel } from '../../compiler/compiled.ts';
import type { AdapterPair, RankRows } from '../../device/training-twins.ts';
import type { Backend, DeviceTensor } from '../backends/backend.ts';
import { AtlasError } from '../../errors.ts';
import type {
  AdapterMoments,
  Adapters,
  AdapterUse,
  AdapterValues,
  RankUpdates,
} from '../engine.ts';
import { ownHandle } from '../handle.ts';
import { HeadAdapter, type HeadFeeds } from '../head/head-adapter.ts';
import type { AdamWParameter, TensorRows } from '../backends/training-ops.ts';

interface Entry {
  module: number;
  rank: number;
  inFeatures: number;
  outFeatures: number;
  /** A [rank, in] and Bᵀ [rank, out]. The other pairs have the same shapes. */
  values: AdapterPair<DeviceTensor>;
  gradients: AdapterPair<DeviceTensor>;
  first: AdapterPair<DeviceTensor>;
  second: AdapterPair<DeviceTensor>;
  /** s [1], of the last use. */
  scale: DeviceTensor;
}

export class DeviceAdapters implements Adapters {
  readonly parameters: number;
  readonly backend: Backend;
  disposed = false;
  private readonly entries = new Map<number, Entry>();
  private readonly head: HeadAdapter | null = null;

  /**
   * Throws AtlasError `head-bent` for an adapter of the vocabulary projection if a nonlinearity
   * follows that projection.
   */
  constructor(
    backend: Backend,
    model: CompiledModel,
    values: readonly AdapterValues[],
    moments?: readonly AdapterMoments[],
  ) {
    this.backend = backend;
    const { modules, head } = model;
    const given = values.find((v) => v.module === modules.length);
    if (given) {
      if (head.nonlinearAfter) throw new AtlasError('head-bent');
      this.head = new HeadAdapter(backend, given, head.hidden);
    }
    values.forEach(({ module, rank, loraA, loraB }, i) => {
      if (module === given?.module) return;
      const { inFeatures, outFeatures } = elementAt(modules, module);
      const m = moments?.[i];
      const pair = (a?: Float32Array, b?: Float32Array): AdapterPair<DeviceTensor> => ({
        a: this.resident([rank, inFeatures], a),
        b: this.resident([rank, outFeatures], b && transpose(b, outFeatures, rank)),
      });
      this.entries.set(module, {
        module,
        rank,
        inFeatures,
        outFeatures,
        values: pair(loraA, loraB),
        gradients: pair(),
        first: pair(m?.firstA, m?.firstB),
        second: pair(m?.secondA, m?.secondB),
        scale: backend.zeros([1]),
      });
    });
    this.parameters = values.reduce((n, v) => n + v.loraA.length + v.loraB.length, 0);
  }

  static from({ adapters }: AdapterUse, backend: Backend): DeviceAdapters {
    return ownHandle(DeviceAdapters, adapters, backend);
  }

  get modules(): readonly { module: number; rank: number }[] {
    return [...this.entries.values(), ...this.ofHead].map(({ module, rank }) => ({ module, rank }));
  }

  /** Throws AtlasError `head-not-trained` if the vocabulary projection has an adapter. */
  checkTrainable(): void {
    if (this.head) throw new AtlasError('head-not-trained');
  }

  /** The inputs of the vocabulary projection, if it has an adapter. */
  headFeeds(use: AdapterUse): HeadFeeds | undefined {
    if (!this.head) return undefined;
    const { module, rank } = this.head.values;
    return this.head.feeds(use.scale(module), usedRank(use, module, rank));
  }

  async values(): Promise<AdapterValues[]> {
    const trained = await Promise.all(
      [...this.entries.values()].map(async ({ module, rank, outFeatures, values: { a, b } }) => ({
        module,
        rank,
        loraA: await this.backend.read(a),
        loraB: transpose(await this.backend.read(b), rank, outFeatures),
      })),
    );
    return [...trained, ...this.ofHead];
  }

  async moments(): Promise<AdapterMoments[]> {
    const { backend } = this;
    return Promise.all(
      [...this.entries.values()].map(async ({ rank, outFeatures, first, second }) => ({
        firstA: await backend.read(first.a),
        firstB: transpose(await backend.read(first.b), rank, outFeatures),
        secondA: await backend.read(second.a),
        secondB: transpose(await backend.read(second.b), rank, outFeatures),
      })),
    );
  }

  /** The adapter of a module, or null. */
  of(module: number): Pick<Entry, 'values' | 'gradients' | 'rank'> | null {
    return this.entries.get(module) ?? null;
  }

  /**
   * A and Bᵀ of the first `rank` ranks, and s, as inputs of a block. The caller disposes `views`.
   */
  feeds(
    module: number,
    use: AdapterUse,
    views: DeviceTensor[],
  ): { a: DeviceTensor; b: DeviceTensor; scale: DeviceTensor } | null {
    const entry = this.entries.get(module);
    if (!entry) return null;
    const {
      rank,
      inFeatures,
      outFeatures,
      values: { a, b },
      scale,
    } = entry;
    const used = usedRank(use, module, rank);
    this.backend.write(scale, Float32Array.of(use.scale(module)));
    if (used === rank) return { a, b, scale };
    const low = {
      a: this.backend.view(a, 'float32', [used, inFeatures]),
      b: this.backend.view(b, 'float32', [used, outFeatures]),
      scale,
    };
    views.push(low.a, low.b);
    return low;
  }

  /** Gradients of the rows that take part in a step. */
  gradientRows(rowsOf: (module: number, rank: number) => RankRows): TensorRows[] {
    return [...this.entries.values()].flatMap(({ module, rank, gradients: { a, b } }) => {
      const rows = rowsOf(module, rank);
      return [
        { tensor: a, rows },
        { tensor: b, rows },
      ];
    });
  }

  /** AdamW's parameters, grouped by their number of updates. See `TrainingEngine.trainStep`. */
  optimised(
    rowsOf: (module: number, rank: number) => RankRows,
    updates: RankUpdates,
  ): ReadonlyMap<number, readonly AdamWParameter[]> {
    const parameters = new Map<number, AdamWParameter[]>();
    for (const { module, rank, values, gradients, first, second } of this.entries.values()) {
      const { from, to } = rowsOf(module, rank);
      for (let row = from; row < to;) {
        const start = row;
        const times = updates(module, start);
        const list = parameters.get(times) ?? [];
        while (row < to && updates(module, row) === times) row++;
        for (const k of ['a', 'b'] as const)
          list.push({
            parameter: values[k],
            gradient: gradients[k],
            mean: first[k],
            square: second[k],
            rows: { from: start, to: row },
          });
        parameters.set(times, list);
      }
    }
    return parameters;
  }

  dispose(): void {
    this.disposed = true;
    for (const { values, gradients, first, second, scale } of this.entries.values()) {
      for (const { a, b } of [values, gradients, first, second]) {
        a.dispose();
        b.dispose();
      }
      scale.dispose();
    }
    this.entries.clear();
    this.head?.dispose();
  }

  private get ofHead(): AdapterValues[] {
    return this.head ? [this.head.values] : [];
  }

  private resident(dims: readonly number[], data?: Float32Array): DeviceTensor {
    const tensor = this.backend.zeros(dims);
    if (data) this.backend.write(tensor, data);
    return tensor;
  }
}

/** The inputs of the vocabulary projection, if one of the adapters in use is for it. */
export const headFeeds = (use: AdapterUse | undefined, backend: Backend): HeadFeeds | undefined =>
  use && DeviceAdapters.from(use, backend).headFeeds(use);

/** Number of a module's ranks in use. */
export const usedRank = (use: AdapterUse, module: number, rank: number): number =>
  Math.min(rank, use.rank?.(module) ?? rank);

/** [rows, columns] → [columns, rows]. */
function transpose(x: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(x.length);
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) out[c * rows + r] = x[r * columns + c]!;
  return out;
}
