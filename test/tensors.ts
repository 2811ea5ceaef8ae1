/** Reads tensors by name from the safetensors files of the reference material. */
import { readFileSync } from 'node:fs';
import { defined } from '../src/checked.ts';

export interface ReferenceTensor {
  dims: number[];
  data: Float32Array | number[];
}

export function openTensors(path: string): (name: string) => ReferenceTensor {
  const file = readFileSync(path);
  const start = 8 + Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.subarray(8, start).toString()) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  return (name) => {
    const {
      dtype,
      shape,
      data_offsets: [from, to],
    } = defined(header[name]);
    const { buffer } = new Uint8Array(file.subarray(start + from, start + to));
    const data =
      dtype === 'I64'
        ? Array.from(new BigInt64Array(buffer), Number)
        : dtype === 'I32'
          ? Array.from(new Int32Array(buffer))
          : new Float32Array(buffer);
    return { dims: shape, data };
  };
}

/**
 * dL/dW `[out, in]` of a linear layer from its input x `[batch, length, in]` and the gradient dy
 * `[batch, length, out]` at its output: dyᵀ x, summed in float64.
 */
export function productGradient(x: ReferenceTensor, dy: ReferenceTensor): ReferenceTensor {
  const [inFeatures, outFeatures] = [x, dy].map(({ dims }) => defined(dims.at(-1))) as [
    number,
    number,
  ];
  const rows = x.data.length / inFeatures;
  const data = Array.from({ length: outFeatures * inFeatures }, (_, at) => {
    const [o, i] = [Math.floor(at / inFeatures), at % inFeatures];
    let sum = 0;
    for (let row = 0; row < rows; row++)
      sum += dy.data[row * outFeatures + o]! * x.data[row * inFeatures + i]!;
    return sum;
  });
  return { dims: [outFeatures, inFeatures], data };
}
