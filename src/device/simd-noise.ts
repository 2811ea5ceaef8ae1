/**
 * The noise product on the CPU's SIMD unit, on one thread: the kernel of
 * `shaders/noise-product.as.ts` with its memory. Every build of ONNX Runtime needs the same
 * instructions, so no fallback is needed.
 */
import { noiseProductModule } from './gen/noise-product.ts';
import { fillNormal, type StreamKeys } from './random.ts';
import type { NoiseSlot, NoiseTarget } from './twins.ts';

interface Kernel {
  memory: WebAssembly.Memory;
  fill(at: number, count: number, first: number, k1: number, k2: number): void;
  noiseProduct(
    noise: number,
    x: number,
    y: number,
    tokens: number,
    inputs: number,
    width: number,
    rows: number,
    first: number,
    k1: number,
    k2: number,
  ): void;
}

/** Byte offset of the workspace. */
const BASE = 1024;
/** Output numbers in memory at a time: 4 MB. */
const OUTPUTS = 1 << 20;
/** Numbers per call of the kernel's `fill`. */
const FILLED = 1 << 13;

const upTo = (n: number, multiple: number): number => Math.ceil(n / multiple) * multiple;

export class SimdNoise {
  private readonly kernel: Kernel;

  constructor() {
    const code = Uint8Array.from(atob(noiseProductModule), (c) => c.charCodeAt(0));
    this.kernel = new WebAssembly.Instance(new WebAssembly.Module(code))
      .exports as unknown as Kernel;
  }

  /** Bytes of the kernel's memory. */
  get bytes(): number {
    return this.kernel.memory.buffer.byteLength;
  }

  /** The same as `noiseProduct` of `twins.ts`. */
  product(
    x: Float32Array,
    y: Float32Array,
    { tokens, inFeatures, outFeatures, column, stride }: NoiseTarget,
    slots: readonly NoiseSlot[],
  ): void {
    const width = upTo(inFeatures, 4);
    const padded = upTo(tokens, 4);
    const most = Math.min(upTo(outFeatures, 8), Math.max(8, Math.floor(OUTPUTS / padded / 8) * 8));
    const xAt = BASE + 8 * (4 * width + 64);
    const yAt = xAt + 4 * padded * width;
    const memory = this.room(yAt + 4 * padded * most);
    const inputs = memory.subarray(xAt / 4, yAt / 4).fill(0);
    for (let t = 0; t < tokens; t++)
      inputs.set(x.subarray(t * inFeatures, (t + 1) * inFeatures), t * width);
    for (const { keys, std, row, bias } of slots) {
      for (let first = 0; first < outFeatures; first += most) {
        const count = Math.min(most, outFeatures - first);
        const rows = upTo(count, 8);
        this.kernel.noiseProduct(
          BASE,
          xAt,
          yAt,
          padded,
          inFeatures,
          4 * width,
          rows,
          first,
          keys.k1,
          keys.k2,
        );
        const shift = bias
          ? fillNormal(keys, new Float32Array(count), outFeatures * inFeatures + first)
          : null;
        for (let t = 0; t < tokens; t++) {
          for (
            let i = 0, at = (row + t) * stride + column + first, from = yAt / 4 + t * rows;
            i < count;
            i++
          )
            y[at + i]! += std * (memory[from + i]! + (shift ? shift[i]! : 0));
        }
      }
    }
  }

  /**
   * Fills `out` with the first normals of a stream times `scale`, as the product computes them:
   * within a few float32 units in the last place of `fillNormal`.
   */
  fill({ k1, k2 }: StreamKeys, out: Float32Array, scale: number): Float32Array {
    const memory = this.room(BASE + 4 * FILLED + 64);
    for (let first = 0; first < out.length; first += FILLED) {
      const count = Math.min(FILLED, out.length - first);
      this.kernel.fill(BASE, count, first, k1, k2);
      for (let i = 0; i < count; i++) out[first + i] = memory[BASE / 4 + i]! * scale;
    }
    return out;
  }

  /** Returns the kernel's memory, grown to at least `bytes`. */
  private room(bytes: number): Float32Array {
    const { memory } = this.kernel;
    const missing = bytes - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / 65536));
    return new Float32Array(memory.buffer);
  }
}
