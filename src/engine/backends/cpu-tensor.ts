/**
 * A tensor of the CPU provider: an ordinary array. Reshaped tensors and prefixes are views of it.
 */
import type { TensorType } from '../../compiler/compiled.ts';
import { bytesOf } from '../../onnx/types.ts';
import { elements, type DeviceTensor } from './backend.ts';
import { cpuTensor, type Ort, type OrtTensor } from './ort.ts';

export class CpuTensor implements DeviceTensor {
  readonly dims: readonly number[];
  readonly tensor: OrtTensor;
  constructor(tensor: OrtTensor) {
    this.tensor = tensor;
    this.dims = tensor.dims;
  }
  get data(): Float32Array {
    return this.tensor.data as Float32Array;
  }

  /**
   * The first bytes of this tensor as another type and shape. Throws RangeError if they do not
   * suffice.
   */
  view(ort: Ort, type: TensorType, dims: readonly number[]): CpuTensor {
    const { buffer, byteOffset, byteLength } = this.tensor.data as Uint8Array;
    const wanted = bytesOf(type, elements(dims));
    if (wanted > byteLength)
      throw new RangeError(`a view of ${wanted} bytes does not fit into ${byteLength}`);
    return new CpuTensor(cpuTensor(ort, type, dims, new Uint8Array(buffer, byteOffset, wanted)));
  }

  dispose(): void {}
}

export const cpu = (t: DeviceTensor): CpuTensor => t as CpuTensor;
export const floats = (ort: Ort, data: Float32Array, dims: readonly number[]): CpuTensor =>
  new CpuTensor(new ort.Tensor('float32', data, dims));
