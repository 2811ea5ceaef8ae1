/**
 * The measurement kernels as functions on buffers. Each has a CPU reference implementation of the
 * same name in `twins.ts`.
 */
import type { Dispatcher } from './dispatch.ts';
import { floatBits, fold, type Slice } from './dispatch.ts';
import type { NoiseSlot, NoiseTarget } from './twins.ts';

export class Kernels {
  private readonly dispatcher: Dispatcher;

  constructor(dispatcher: Dispatcher) {
    this.dispatcher = dispatcher;
  }

  /**
   * y[slot.row + t, column + o] += std · Σ_k x[t, k] · N(o·in + k), one draw per slot, all slots of
   * one module. `x` is [tokens, in]. `draws` is scratch of 32 bytes per slot.
   */
  noiseProduct({
    x,
    y,
    target,
    slots,
    draws,
  }: {
    x: Slice;
    y: Slice;
    target: NoiseTarget;
    slots: readonly NoiseSlot[];
    draws: GPUBuffer;
  }): void {
    const words = new ArrayBuffer(slots.length * 32);
    const u = new Uint32Array(words);
    const f = new Float32Array(words);
    slots.forEach((slot, i) => {
      u.set([slot.keys.k1, slot.keys.k2, slot.row, slot.bias ? 1 : 0], i * 8);
      f[i * 8 + 4] = slot.std;
    });
    this.dispatcher.device.queue.writeBuffer(draws, 0, words);
    const { tokens, inFeatures, outFeatures, column, stride } = target;
    this.run({
      shader: 'noise-product',
      entryPoint: 'noise_product',
      buffers: [x, { buffer: draws, bytes: words.byteLength }, y],
      uniforms: [tokens, inFeatures, outFeatures, column, stride],
      groups: [Math.ceil(outFeatures / 32), Math.ceil(tokens / 32), slots.length],
    });
  }

  /**
   * sums[r] (+)= Σ_v |a[r, v] − b[r, v]| over a chunk of `columns`. If `b` is null, `a` is the
   * difference. `first` starts from zero.
   */
  rowSums({
    a,
    b,
    sums,
    rows,
    columns,
    first,
  }: {
    a: Slice;
    b: Slice | null;
    sums: Slice;
    rows: number;
    columns: number;
    first: boolean;
  }): void {
    const [x, y] = fold(rows);
    this.run({
      shader: 'disagreement',
      entryPoint: 'row_sums',
      buffers: [a, b ?? a, sums],
      uniforms: [columns, rows, b ? 1 : 0, first ? 1 : 0, x],
      groups: [x, y],
    });
  }

  /** sums[p] = Σ_r rows[p·rowsPerProbe + r]. */
  probeSums(rows: Slice, sums: Slice, probes: number, rowsPerProbe: number): void {
    this.run({
      shader: 'sums',
      entryPoint: 'shares',
      buffers: [rows, sums],
      uniforms: [0, rowsPerProbe, 0],
      groups: [probes],
    });
  }

  /**
   * out[p] = h[first] − h[second], or h[first] − clean if the second index is CLEAN. An entry has
   * `size` numbers.
   */
  pairDifference({
    h,
    clean,
    pairs,
    out,
    size,
    count,
  }: {
    h: Slice;
    clean: Slice;
    pairs: Slice;
    out: Slice;
    size: number;
    count: number;
  }): void {
    const [x, y] = fold(Math.ceil((size * count) / 256));
    this.run({
      shader: 'pair-difference',
      entryPoint: 'pair_difference',
      buffers: [h, clean, pairs, out],
      uniforms: [size, size * count, x * 256],
      groups: [x, y],
    });
  }

  /**
   * out [outputs, inputs] = base + scale · B A (⊙ mask). `base` and `mask` (one bit per weight) may
   * be null.
   */
  loraDelta({
    a,
    b,
    base,
    mask,
    out,
    outputs,
    inputs,
    rank,
    scale,
  }: {
    a: Slice;
    b: Slice;
    base: Slice | null;
    mask: Slice | null;
    out: Slice;
    outputs: number;
    inputs: number;
    rank: number;
    scale: number;
  }): void {
    this.run({
      shader: 'lora-delta',
      entryPoint: 'lora_delta',
      buffers: [a, b, base ?? a, mask ?? a, out],
      uniforms: [outputs, inputs, rank, base ? 1 : 0, mask ? 1 : 0, floatBits(scale)],
      groups: [Math.ceil(inputs / 16), Math.ceil(outputs / 16)],
    });
  }

  private run({
    shader,
    entryPoint,
    buffers,
    uniforms,
    groups,
  }: {
    shader: string;
    entryPoint: string;
    buffers: (Slice | null)[];
    uniforms: number[];
    groups: number[];
  }): void {
    this.dispatcher.run([{ shader, entryPoint, buffers, uniforms, groups }]);
  }
}
