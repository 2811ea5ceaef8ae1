/**
 * Pruning on the CPU: products as graphs, to use the runtime's threads. The rest are the reference
 * implementations of the kernels.
 */
import { defined, elementAt } from '../../checked.ts';
import {
  columnSquares,
  gram,
  maskedSum,
  pruneMask,
  applyMask,
  type PrunePattern,
} from '../../device/sparse-twins.ts';
import type { AdapterPair } from '../../device/training-twins.ts';
import type { DeviceTensor } from './backend.ts';
import { cpu, CpuTensor } from './cpu-tensor.ts';
import { GraphSessions } from './graph-sessions.ts';
import { cpuTensor, type Ort, type OrtTensor, type SessionOptions } from './ort.ts';
import { lowRankProduct, maskedProjections, weightGradients } from './sparse-graphs.ts';
import type { ModuleRows, SparseOps, UsedAdapter } from './sparse-ops.ts';
import { placeOf, type ModuleTaps } from './training-ops.ts';
import { columnsOf } from './cpu-training.ts';

const bitsOf = (mask: DeviceTensor): Uint32Array => {
  const { buffer, byteOffset, length } = (mask as CpuTensor).tensor.data as Int32Array;
  return new Uint32Array(buffer, byteOffset, length);
};

export class CpuSparse implements SparseOps {
  private readonly ort: Ort;
  private readonly graphs: GraphSessions;

  constructor(ort: Ort, options: SessionOptions) {
    this.ort = ort;
    this.graphs = new GraphSessions(ort, options);
  }

  mask(bits: Uint32Array): DeviceTensor {
    return new CpuTensor(
      cpuTensor(
        this.ort,
        'int32',
        [bits.length],
        new Uint8Array(bits.buffer, bits.byteOffset, bits.byteLength),
      ),
    );
  }

  async merge(
    rows: ModuleRows,
    mask: DeviceTensor | null,
    adapter: UsedAdapter | null,
    into: DeviceTensor,
  ): Promise<void> {
    const { first, outputs, inputs } = rows;
    const own = this.own(rows);
    const out = cpu(into).data.subarray(first, first + outputs * inputs);
    if (adapter) {
      const { delta } = await this.run(lowRankProduct, this.pairOf(adapter, outputs, inputs));
      return maskedSum({
        weight: own,
        mask: mask && bitsOf(mask),
        delta: defined(delta).data as Float32Array,
        scale: adapter.scale,
        into: out,
      });
    }
    out.set(own);
    if (mask) applyMask(out, bitsOf(mask));
  }

  async maskedGradients(
    taps: ModuleTaps,
    mask: DeviceTensor | null,
    adapter: UsedAdapter,
    into: AdapterPair<DeviceTensor>,
  ): Promise<void> {
    const { tokens, inFeatures, outFeatures } = placeOf(taps);
    const { g } = await this.run(weightGradients, {
      x: this.graphs.tensor(cpu(taps.x).data, [tokens, inFeatures]),
      dy: this.graphs.tensor(columnsOf(taps), [tokens, outFeatures]),
    });
    if (mask) applyMask(defined(g).data as Float32Array, bitsOf(mask));
    const { da, db } = await this.run(maskedProjections, {
      g: defined(g),
      ...this.pairOf(adapter, outFeatures, inFeatures),
    });
    for (const [gradient, tensor] of [
      [defined(da), into.a],
      [defined(db), into.b],
    ] as const) {
      const values = gradient.data as Float32Array;
      const target = cpu(tensor).data;
      for (let i = 0; i < values.length; i++) target[i] = adapter.scale * values[i]!;
    }
  }

  async pruneMask(
    rows: ModuleRows,
    norms: Float32Array | null,
    pattern: PrunePattern,
  ): Promise<Uint32Array> {
    return pruneMask(this.own(rows), norms, rows, pattern);
  }

  async columnSquares(x: DeviceTensor, y: DeviceTensor | null): Promise<Float64Array> {
    return columnSquares(cpu(x).data, y && cpu(y).data, elementAt(x.dims, -1));
  }

  async gram(x: DeviceTensor): Promise<Float64Array> {
    return gram(cpu(x).data, x.dims[0]!);
  }

  dispose(): Promise<void> {
    return this.graphs.dispose();
  }

  private own({ weight, first, outputs, inputs }: ModuleRows): Float32Array {
    return cpu(weight).data.subarray(first, first + outputs * inputs);
  }

  private pairOf(
    { pair, rank }: UsedAdapter,
    outputs: number,
    inputs: number,
  ): { a: OrtTensor; b: OrtTensor } {
    const rows = (tensor: DeviceTensor, width: number) =>
      this.graphs.tensor(cpu(tensor).data.subarray(0, rank * width), [rank, width]);
    return { a: rows(pair.a, inputs), b: rows(pair.b, outputs) };
  }

  private run(
    graph: () => Uint8Array,
    feeds: Record<string, OrtTensor>,
  ): Promise<Record<string, OrtTensor>> {
    return this.graphs.run(graph, 'the masked adapters', feeds);
  }
}
