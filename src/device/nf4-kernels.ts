/**
 * Quantises to NF4 with double quantisation on the GPU. Weights are uploaded in parts, and packed
 * bytes are read back. CPU reference implementation: `nf4.ts`.
 */
import { BufferPool, readBuffer } from './buffers.ts';
import { Dispatcher, floatBits, fold, type Dispatch, type Slice } from './dispatch.ts';
import { ABSMAX_BLOCK, DYNAMIC_THRESHOLDS, NF4_BLOCK, NF4_THRESHOLDS, type Nf4 } from './nf4.ts';

/** Weights per upload, whole blocks. */
const CHUNK = 1 << 22;

export class Nf4Kernels {
  private readonly device: GPUDevice;
  private readonly dispatcher: Dispatcher;
  private readonly pool: BufferPool;
  private readonly limits: { nf4: Slice; dynamic: Slice };

  constructor(device: GPUDevice) {
    this.device = device;
    this.dispatcher = new Dispatcher(device);
    this.pool = new BufferPool(device);
    this.limits = { nf4: this.upload(NF4_THRESHOLDS), dynamic: this.upload(DYNAMIC_THRESHOLDS) };
  }

  /**
   * Quantises weights, which must be finite and below 1e37. Do not overlap calls. Rejects with
   * AtlasError `device-lost`, `runtime` or `too-large`.
   */
  async quantise(weights: Float32Array): Promise<Nf4> {
    const count = weights.length;
    const blocks = Math.ceil(count / NF4_BLOCK);
    const groups = Math.ceil(blocks / ABSMAX_BLOCK);
    const taken: GPUBuffer[] = [];
    const acquire = (bytes: number): Slice => {
      const buffer = this.pool.acquire(bytes);
      taken.push(buffer);
      return { buffer, bytes };
    };
    try {
      const chunk = acquire(4 * Math.min(count, CHUNK));
      const packed = acquire((blocks * NF4_BLOCK) / 2);
      const absmax = acquire(4 * blocks);
      const codes = acquire(groups * ABSMAX_BLOCK);
      const largest = acquire(4 * groups);
      const offset = acquire(4);
      for (let first = 0; first < count; first += CHUNK) {
        const own = weights.subarray(first, first + CHUNK);
        const grid = fold(Math.ceil(own.length / NF4_BLOCK));
        this.device.queue.writeBuffer(chunk.buffer, 0, own as Float32Array<ArrayBuffer>);
        this.run(
          'quantise',
          [chunk, this.limits.nf4, packed, absmax, null],
          [own.length, first / NF4_BLOCK, grid[0], 0],
          grid,
        );
      }
      this.run(
        'mean',
        [absmax, null, null, null, offset],
        [blocks, 0, 1, floatBits(1 / blocks)],
        [1],
      );
      const grid = fold(groups);
      this.run(
        'second',
        [absmax, this.limits.dynamic, codes, largest, offset],
        [blocks, 0, grid[0], 0],
        grid,
      );
      const read = ({ buffer }: Slice, bytes: number) => readBuffer(this.device, buffer, bytes);
      return {
        packed: new Uint8Array(await read(packed, Math.ceil(count / 2))),
        absmax: new Float32Array(await read(absmax, 4 * blocks)),
        second: {
          codes: new Uint8Array(await read(codes, blocks)),
          offset: new Float32Array(await read(offset, 4))[0]!,
          largest: new Float32Array(await read(largest, 4 * groups)),
        },
      };
    } finally {
      for (const buffer of taken) this.pool.release(buffer);
    }
  }

  dispose(): void {
    this.dispatcher.dispose();
    this.pool.dispose();
  }

  private run(
    entryPoint: string,
    buffers: Dispatch['buffers'],
    uniforms: readonly number[],
    groups: readonly number[],
  ): void {
    this.dispatcher.run([{ shader: 'quantise-nf4', entryPoint, buffers, uniforms, groups }]);
  }

  private upload(data: Float32Array): Slice {
    return { buffer: this.pool.upload(new Uint8Array(data.buffer)), bytes: data.byteLength };
  }
}
