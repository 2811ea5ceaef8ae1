/** Pruning on WebGPU: the kernels of `device/sparse-kernels.ts` on tensors. */
import { elementAt } from '../../checked.ts';
import { readBuffer, type BufferPool } from '../../device/buffers.ts';
import type { Dispatcher, Slice } from '../../device/dispatch.ts';
import { SparseKernels, type AdapterSlices } from '../../device/sparse-kernels.ts';
import { maskWords, type PrunePattern } from '../../device/sparse-twins.ts';
import type { AdapterPair } from '../../device/training-twins.ts';
import { elements, type Backend, type DeviceTensor } from './backend.ts';
import { sliceOf } from './gpu-tensor.ts';
import type { ModuleRows, SparseOps, UsedAdapter } from './sparse-ops.ts';
import { placeOf, type ModuleTaps } from './training-ops.ts';

const slicesOf = ({ pair, rank, scale }: UsedAdapter): AdapterSlices => ({
  pair: { a: sliceOf(pair.a), b: sliceOf(pair.b) },
  rank,
  scale,
});

export class WebGpuSparse implements SparseOps {
  private readonly dispatcher: Dispatcher;
  private readonly pool: BufferPool;
  private readonly upload: Backend['upload'];
  private readonly kernels: SparseKernels;

  constructor(dispatcher: Dispatcher, pool: BufferPool, upload: Backend['upload']) {
    this.dispatcher = dispatcher;
    this.pool = pool;
    this.upload = upload;
    this.kernels = new SparseKernels(dispatcher);
  }

  mask(bits: Uint32Array): DeviceTensor {
    return this.upload(
      'int32',
      [bits.length],
      new Uint8Array(bits.buffer, bits.byteOffset, bits.byteLength),
    );
  }

  async merge(
    { weight, first, ...shape }: ModuleRows,
    mask: DeviceTensor | null,
    adapter: UsedAdapter | null,
    into: DeviceTensor,
  ): Promise<void> {
    this.kernels.merge(sliceOf(weight), {
      first,
      shape,
      mask: mask && sliceOf(mask),
      adapter: adapter && slicesOf(adapter),
      out: sliceOf(into),
    });
  }

  async maskedGradients(
    taps: ModuleTaps,
    mask: DeviceTensor | null,
    adapter: UsedAdapter,
    into: AdapterPair<DeviceTensor>,
  ): Promise<void> {
    const place = placeOf(taps);
    const scratch = this.scratch(4 * place.inFeatures * place.outFeatures);
    this.kernels.maskedGradient({
      x: sliceOf(taps.x),
      dy: sliceOf(taps.dy),
      place,
      mask: mask && sliceOf(mask),
      adapter: slicesOf(adapter),
      into: { a: sliceOf(into.a), b: sliceOf(into.b) },
      scratch,
    });
    this.pool.release(scratch.buffer);
  }

  async pruneMask(
    { weight, first, ...shape }: ModuleRows,
    norms: Float32Array | null,
    pattern: PrunePattern,
  ): Promise<Uint32Array> {
    const bits = this.scratch(4 * maskWords(shape));
    const encoder = this.dispatcher.device.createCommandEncoder();
    encoder.clearBuffer(bits.buffer, 0, bits.bytes);
    this.dispatcher.device.queue.submit([encoder.finish()]);
    const by = norms && {
      buffer: this.pool.upload(new Uint8Array(norms.buffer, norms.byteOffset, norms.byteLength)),
      bytes: norms.byteLength,
    };
    this.kernels.pruneMask(sliceOf(weight), { first, shape, norms: by, pattern, mask: bits });
    if (by) this.pool.release(by.buffer);
    return new Uint32Array(await this.take(bits));
  }

  async columnSquares(x: DeviceTensor, y: DeviceTensor | null): Promise<Float64Array> {
    const columns = elementAt(x.dims, -1);
    const out = this.scratch(4 * columns);
    this.kernels.columnSquares({
      x: sliceOf(x),
      y: y && sliceOf(y),
      tokens: elements(x.dims) / columns,
      columns,
      out,
    });
    return Float64Array.from(new Float32Array(await this.take(out)));
  }

  async gram(x: DeviceTensor): Promise<Float64Array> {
    const samples = x.dims[0]!;
    const out = this.scratch(4 * samples * samples);
    this.kernels.gram(sliceOf(x), samples, elements(x.dims) / samples, out);
    return Float64Array.from(new Float32Array(await this.take(out)));
  }

  private scratch(bytes: number): Slice {
    return { buffer: this.pool.acquire(bytes), bytes };
  }

  /** Reads a scratch buffer back and releases it. */
  private async take({ buffer, bytes }: Slice): Promise<ArrayBuffer> {
    const data = await readBuffer(this.dispatcher.device, buffer, bytes);
    this.pool.release(buffer);
    return data;
  }
}
