/**
 * The noise product on the CPU's SIMD unit: the kernel of `shaders/noise-product.as.ts` with its
 * memory, on the calling thread or on several. Every build of ONNX Runtime needs the same
 * instructions, so no fallback is needed.
 */
import { noiseProductModule } from './gen/noise-product.ts';
import { fillNormal, type StreamKeys } from './random.ts';
import type { NoiseSlot, NoiseTarget } from './twins.ts';

interface Kernel {
  memory: WebAssembly.Memory;
  fill(at: number, count: number, first: number, k1: number, k2: number): void;
  noiseProduct(...call: KernelCall): void;
}

/** Arguments of the kernel's product: addresses in bytes, sizes, the stream's keys. */
export type KernelCall = readonly [
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
];

/** Threads that run the kernel in one memory. */
export interface KernelThreads {
  readonly memory: WebAssembly.Memory;
  readonly count: number;
  readonly fill: Kernel['fill'];
  /** Runs at most `count` calls at the same time and returns when all are done. */
  run(calls: readonly KernelCall[]): void;
  dispose(): void;
}

function callingThread(): KernelThreads {
  const code = Uint8Array.from(atob(noiseProductModule), (c) => c.charCodeAt(0));
  const kernel = new WebAssembly.Instance(new WebAssembly.Module(code))
    .exports as unknown as Kernel;
  return {
    memory: kernel.memory,
    count: 1,
    fill: kernel.fill,
    run: (calls) => {
      for (const call of calls) kernel.noiseProduct(...call);
    },
    dispose: () => undefined,
  };
}

/** Byte offset of the workspace. */
const BASE = 1024;
/** Output numbers in memory at a time: 4 MB. */
const OUTPUTS = 1 << 20;
/** Numbers per call of the kernel's `fill`. */
const FILLED = 1 << 13;
/** Normals per thread below which handing over costs more than it saves. */
const SMALL = 1 << 15;

const upTo = (n: number, multiple: number): number => Math.ceil(n / multiple) * multiple;

export class SimdNoise {
  private readonly threads: KernelThreads;

  constructor(threads = callingThread()) {
    this.threads = threads;
  }

  /** Bytes of the kernel's memory. */
  get bytes(): number {
    return this.threads.memory.buffer.byteLength;
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
    const maxOutputs = Math.min(
      upTo(outFeatures, 8),
      Math.max(8, Math.floor(OUTPUTS / padded / 8) * 8),
    );
    const threads = Math.max(
      1,
      Math.min(this.threads.count, Math.floor((inFeatures * outFeatures) / SMALL)),
    );
    const part = upTo(Math.ceil(maxOutputs / threads), 8);
    const workspace = 8 * (4 * width + 64);
    const xAt = BASE + threads * workspace;
    const yAt = xAt + 4 * padded * width;
    const memory = this.space(yAt + 4 * padded * part * threads);
    const inputs = memory.subarray(xAt / 4, yAt / 4).fill(0);
    for (let t = 0; t < tokens; t++)
      inputs.set(x.subarray(t * inFeatures, (t + 1) * inFeatures), t * width);
    for (const { keys, std, row, bias } of slots) {
      const shift = bias
        ? fillNormal(keys, new Float32Array(outFeatures), outFeatures * inFeatures)
        : null;
      for (let start = 0; start < outFeatures; start += part * threads) {
        const parts = Array.from({ length: threads }, (_, i) => {
          const first = start + i * part;
          return { i, first, count: Math.min(part, outFeatures - first) };
        }).filter(({ count }) => count > 0);
        this.threads.run(
          parts.map(({ i, first, count }) => [
            BASE + i * workspace,
            xAt,
            yAt + 4 * padded * part * i,
            padded,
            inFeatures,
            4 * width,
            upTo(count, 8),
            first,
            keys.k1,
            keys.k2,
          ]),
        );
        for (const { i, first, count } of parts) {
          const rows = upTo(count, 8);
          for (let t = 0; t < tokens; t++) {
            const at = (row + t) * stride + column + first;
            const from = yAt / 4 + padded * part * i + t * rows;
            for (let j = 0; j < count; j++)
              y[at + j]! += std * (memory[from + j]! + (shift ? shift[first + j]! : 0));
          }
        }
      }
    }
  }

  /**
   * Fills `out` with the first normals of a stream times `scale`, as the product computes them:
   * within a few float32 units in the last place of `fillNormal`.
   */
  fill({ k1, k2 }: StreamKeys, out: Float32Array, scale: number): Float32Array {
    const memory = this.space(BASE + 4 * FILLED + 64);
    for (let first = 0; first < out.length; first += FILLED) {
      const count = Math.min(FILLED, out.length - first);
      this.threads.fill(BASE, count, first, k1, k2);
      for (let i = 0; i < count; i++) out[first + i] = memory[BASE / 4 + i]! * scale;
    }
    return out;
  }

  dispose(): void {
    this.threads.dispose();
  }

  /** Returns the kernel's memory, grown to at least `bytes`. */
  private space(bytes: number): Float32Array {
    const { memory } = this.threads;
    const missing = bytes - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / 65536));
    return new Float32Array(memory.buffer);
  }
}
