/**
 * Pools storage buffers on the device and counts their bytes.
 *
 * Probes request few distinct sizes, so released buffers are pooled by size. Reuse needs no
 * waiting: all work goes through one queue, in order.
 */
import { AtlasError } from '../errors.ts';
import { describeBytes } from '../model/figures.ts';
import { refusalOf } from './gpu.ts';

export class BufferPool {
  private readonly device: GPUDevice;
  private readonly free = new Map<number, GPUBuffer[]>();
  private readonly owned = new Set<GPUBuffer>();
  /** Bytes of all buffers, in use or pooled. */
  bytes = 0;

  constructor(device: GPUDevice) {
    this.device = device;
  }

  /**
   * Returns a storage buffer of at least `bytes` (rounded up to 16). Its contents are undefined.
   * Throws AtlasError `too-large` beyond the device's limit.
   */
  acquire(bytes: number): GPUBuffer {
    const size = Math.max(16, Math.ceil(bytes / 16) * 16);
    const released = this.free.get(size)?.pop();
    if (released) return released;
    const allowed = Math.min(
      this.device.limits.maxBufferSize,
      this.device.limits.maxStorageBufferBindingSize,
    );
    if (size > allowed)
      throw new AtlasError('too-large', {
        needed: describeBytes(size),
        allowed: `${describeBytes(allowed)} in one buffer`,
      });
    const buffer = this.device.createBuffer({
      size,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    });
    this.owned.add(buffer);
    this.bytes += size;
    return buffer;
  }

  /** Acquires a buffer and writes `bytes` to it. */
  upload(bytes: Uint8Array): GPUBuffer {
    const buffer = this.acquire(bytes.byteLength);
    const whole = bytes.byteLength & ~3;
    if (whole > 0)
      this.device.queue.writeBuffer(buffer, 0, bytes as Uint8Array<ArrayBuffer>, 0, whole);
    if (whole < bytes.byteLength) {
      const tail = new Uint8Array(4);
      tail.set(bytes.subarray(whole));
      this.device.queue.writeBuffer(buffer, whole, tail);
    }
    return buffer;
  }

  /** Returns a buffer to the pool. */
  release(buffer: GPUBuffer): void {
    const list = this.free.get(buffer.size);
    if (list) list.push(buffer);
    else this.free.set(buffer.size, [buffer]);
  }

  /** Destroys the pooled buffers. Call when batch sizes change: the old sizes do not recur. */
  trim(): void {
    for (const list of this.free.values()) {
      for (const buffer of list) {
        this.bytes -= buffer.size;
        this.owned.delete(buffer);
        buffer.destroy();
      }
    }
    this.free.clear();
  }

  /** Destroys all buffers, in use or pooled. */
  dispose(): void {
    for (const buffer of this.owned) buffer.destroy();
    this.owned.clear();
    this.free.clear();
    this.bytes = 0;
  }
}

/**
 * Reads `bytes` of a buffer back to the CPU. Rejects with AtlasError `device-lost` if the device is
 * lost meanwhile. Rejects with `runtime` if the device has refused any work, because its results
 * are then invalid.
 */
export async function readBuffer(
  device: GPUDevice,
  buffer: GPUBuffer,
  bytes: number,
): Promise<ArrayBuffer> {
  const size = Math.ceil(bytes / 4) * 4;
  const staging = device.createBuffer({
    size,
    usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
  });
  try {
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, 0, staging, 0, size);
    device.queue.submit([encoder.finish()]);
    await staging.mapAsync(GPUMapMode.READ).catch((cause: unknown) => {
      throw new AtlasError('device-lost', {}, { cause });
    });
    const why = refusalOf(device);
    if (why !== null) throw new AtlasError('runtime', { what: 'work on the GPU', why });
    return staging.getMappedRange().slice(0, bytes);
  } finally {
    staging.destroy();
  }
}
