/** Writes PEFT's two adapter files for tests, with any tensor names, tensor types and settings. */
import { defined } from '../src/checked.ts';
import type { SafetensorsType } from '../src/model/safetensors.ts';

export interface HandTensor {
  shape: readonly number[];
  values: ArrayLike<number>;
  type?: SafetensorsType;
}

const writers: Partial<
  Record<SafetensorsType, { bytes: number; write(view: DataView, at: number, value: number): void }>
> = {
  F64: { bytes: 8, write: (view, at, value) => view.setFloat64(at, value, true) },
  F32: { bytes: 4, write: (view, at, value) => view.setFloat32(at, value, true) },
  // The upper half of a float32. It is exact for the values in the tests.
  BF16: {
    bytes: 2,
    write: (view, at, value) =>
      view.setUint16(at, new Uint32Array(Float32Array.of(value).buffer)[0]! >>> 16, true),
  },
  // Supports only zero and powers of two.
  F16: {
    bytes: 2,
    write: (view, at, value) =>
      view.setUint16(
        at,
        value === 0 ? 0 : ((Math.log2(Math.abs(value)) + 15) << 10) | (value < 0 ? 0x8000 : 0),
        true,
      ),
  },
};

/** Writes a safetensors file. `metadata` is written unchanged, even null. */
export function safetensorsOf(
  tensors: Readonly<Record<string, HandTensor>>,
  metadata?: unknown,
): Uint8Array {
  let end = 0;
  const header: Record<string, unknown> = metadata === undefined ? {} : { __metadata__: metadata };
  const placed = Object.entries(tensors).map(([name, tensor]) => {
    const type = tensor.type ?? 'F32';
    const from = end;
    end += defined(writers[type]).bytes * tensor.values.length;
    header[name] = { dtype: type, shape: tensor.shape, data_offsets: [from, end] };
    return { ...tensor, type, from };
  });
  const json = new TextEncoder().encode(JSON.stringify(header));
  const data = 8 + json.length;
  const bytes = new Uint8Array(data + end);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  for (const { type, from, values } of placed) {
    const { bytes: size, write } = defined(writers[type]);
    for (let i = 0; i < values.length; i++) write(view, data + from + i * size, values[i]!);
  }
  return bytes;
}

export const configOf = (settings: object): Uint8Array =>
  new TextEncoder().encode(JSON.stringify({ peft_type: 'LORA', ...settings }));
