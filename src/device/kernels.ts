/**
 * Our WGSL kernels as functions on buffers. Each has a CPU twin of the same name in `twins.ts`.
 *
 * Buffers may be larger than what is meant (the runtime pads its own), so every binding has an
 * explicit size and lengths travel as uniforms.
 */
import { shaderSource } from '#shaders';
import type { NoiseSlot, NoiseTarget } from './twins.ts';

/** A buffer and how much of it is meant. */
export interface Slice { buffer: GPUBuffer; bytes: number }

/** Dispatch is limited to 65535 workgroups per dimension: long ranges are folded over y. */
const fold = (groups: number): [number, number] => {
  const x = Math.min(groups, 32768);
  return [x, Math.ceil(groups / x)];
};

export class Kernels {
  private readonly device: GPUDevice;
  private readonly pipelines = new Map<string, GPUComputePipeline>();
  private readonly modules = new Map<string, GPUShaderModule>();
  /** One for all dispatches: write, then submit, in order on one queue. */
  private readonly uniforms: GPUBuffer;

  constructor(device: GPUDevice) {
    this.device = device;
    this.uniforms = device.createBuffer({ size: 256, usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST });
  }

  /**
   * y[slot.row + t, column + o] += std · Σ_k x[t, k] · N(o·in + k), one slot a draw, all of one module.
   * `x` is [tokens, in]; `draws` is scratch for 32 bytes a slot.
   */
  noiseProduct(x: Slice, y: Slice, target: NoiseTarget, slots: readonly NoiseSlot[], draws: GPUBuffer): void {
    const words = new ArrayBuffer(slots.length * 32), u = new Uint32Array(words), f = new Float32Array(words);
    slots.forEach((slot, i) => {
      u.set([slot.keys.k1, slot.keys.k2, slot.row, slot.bias ? 1 : 0], i * 8);
      f[i * 8 + 4] = slot.std;
    });
    this.device.queue.writeBuffer(draws, 0, words);
    const { tokens, inFeatures, outFeatures, column, stride } = target;
    this.dispatch('noise-product', 'noise_product', [x, { buffer: draws, bytes: words.byteLength }, y],
      [tokens, inFeatures, outFeatures, column, stride], 3,
      [Math.ceil(outFeatures / 32), Math.ceil(tokens / 32), slots.length]);
  }

  /** sums[r] (+)= Σ_v |a[r, v] − b[r, v]| over a chunk of `columns`; with `b` null `a` is the difference. `first` starts from zero. */
  rowSums(a: Slice, b: Slice | null, sums: Slice, rows: number, columns: number, first: boolean): void {
    const [x, y] = fold(rows);
    this.dispatch('disagreement', 'row_sums', [a, b ?? a, sums], [columns, rows, b ? 1 : 0, first ? 1 : 0, x], 3, [x, y]);
  }

  /** sums[p] = Σ_r rows[p·rowsPerProbe + r]. */
  probeSums(rows: Slice, sums: Slice, probes: number, rowsPerProbe: number): void {
    this.dispatch('disagreement', 'probe_sums', [rows, null, sums], [0, rowsPerProbe, 0, 1, probes], 3, [probes]);
  }

  /** out[p] = h[first] − (h[second], or clean where the second index is CLEAN); entries of `size` numbers. */
  pairDifference(h: Slice, clean: Slice, pairs: Slice, out: Slice, size: number, count: number): void {
    const [x, y] = fold(Math.ceil((size * count) / 256));
    this.dispatch('pair-difference', 'pair_difference', [h, clean, pairs, out], [size, size * count, x * 256], 4, [x, y]);
  }

  /** out [outputs, inputs] = base + scale · B A (· mask); `base` and `mask` (one bit a weight) may be null. */
  loraDelta(a: Slice, b: Slice, base: Slice | null, mask: Slice | null, out: Slice, outputs: number, inputs: number, rank: number, scale: number): void {
    const sizes = new ArrayBuffer(24);
    new Uint32Array(sizes).set([outputs, inputs, rank, base ? 1 : 0, mask ? 1 : 0]);
    new Float32Array(sizes)[5] = scale;
    this.dispatch('lora-delta', 'lora_delta', [a, b, base ?? a, mask ?? a, out], [...new Uint32Array(sizes)], 5,
      [Math.ceil(inputs / 16), Math.ceil(outputs / 16)]);
  }

  dispose(): void {
    this.uniforms.destroy();
    this.pipelines.clear();
    this.modules.clear();
  }

  /** Binding i is `buffers[i]` (null: not used by this entry point); the uniforms are at `uniformBinding`. */
  private dispatch(shader: string, entryPoint: string, buffers: (Slice | null)[], uniforms: number[], uniformBinding: number, groups: number[]): void {
    const { device } = this;
    const pipeline = this.pipeline(shader, entryPoint);
    device.queue.writeBuffer(this.uniforms, 0, new Uint32Array(uniforms));
    const entries: GPUBindGroupEntry[] = [];
    buffers.forEach((slice, binding) => {
      if (slice) entries.push({ binding, resource: { buffer: slice.buffer, offset: 0, size: Math.ceil(slice.bytes / 4) * 4 } });
    });
    entries.push({ binding: uniformBinding, resource: { buffer: this.uniforms } });
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
    pass.dispatchWorkgroups(groups[0] ?? 1, groups[1] ?? 1, groups[2] ?? 1);
    pass.end();
    device.queue.submit([encoder.finish()]);
  }

  private pipeline(shader: string, entryPoint: string): GPUComputePipeline {
    const key = `${shader}/${entryPoint}`;
    let pipeline = this.pipelines.get(key);
    if (!pipeline) {
      let module = this.modules.get(shader);
      if (!module) {
        module = this.device.createShaderModule({ label: shader, code: shaderSource(shader) });
        this.modules.set(shader, module);
      }
      pipeline = this.device.createComputePipeline({ label: key, layout: 'auto', compute: { module, entryPoint } });
      this.pipelines.set(key, pipeline);
    }
    return pipeline;
  }
}
