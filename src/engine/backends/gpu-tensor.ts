/**
 * A tensor of the WebGPU provider: a buffer with the runtime's tensor over it, or only the
 * runtime's tensor for types that the runtime does not take from a buffer.
 */
import { elements, type DeviceTensor } from './backend.ts';
import type { Slice } from '../../device/dispatch.ts';
import type { OrtTensor } from './ort.ts';

export class GpuTensor implements DeviceTensor {
  readonly dims: readonly number[];
  readonly tensor: OrtTensor;
  private readonly own: GPUBuffer | null;
  private readonly free: () => void;
  private live = true;
  constructor(tensor: OrtTensor, buffer: GPUBuffer | null, free: () => void) {
    this.tensor = tensor;
    this.dims = tensor.dims;
    this.own = buffer;
    this.free = free;
  }
  get buffer(): GPUBuffer {
    if (!this.own) throw new RangeError(`a tensor of ${this.tensor.type} has no buffer`);
    return this.own;
  }
  /** The buffer as float32 numbers. */
  get slice(): Slice {
    return { buffer: this.buffer, bytes: 4 * elements(this.dims) };
  }
  dispose(): void {
    if (this.live) this.free();
    this.live = false;
  }
}

export const gpuTensor = (t: DeviceTensor): GpuTensor => t as GpuTensor;
export const sliceOf = (t: DeviceTensor): Slice => gpuTensor(t).slice;
