/**
 * Constant tensors, stored without the repetition of broadcasting.
 *
 * The mask or RoPE table of a batch is the same for every sequence. `stored` equals `dims`, with 1
 * on axes whose slices are all equal. So the cost of folding does not depend on the batch, and
 * pieces contain one copy.
 */
import { elementAt } from '../../checked.ts';
import { float32View, halfToFloat32 } from '../../onnx/float16.ts';
import type { Tensor } from '../../onnx/graph.ts';
import type { ElementType } from '../../onnx/types.ts';
import { toInt64 } from '../../onnx/write.ts';
import { Clash, count, sameDims, shapeText, Unsupported, widened } from '../value.ts';

export type Numbers =
  | Float32Array
  | Float64Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array;

export interface Constant {
  type: ElementType;
  dims: readonly number[];
  /** Each entry is `dims[i]`, or 1 if all slices are equal. */
  stored: readonly number[];
  /**
   * Row-major over `stored`; 4-bit values have one element each. 64-bit integers are doubles: exact
   * to 2⁵³, sentinels remain huge.
   */
  data: Numbers;
}

/** Whether the type is a signed or unsigned integer of any width. */
export const isInteger = (type: ElementType): boolean => /int/.test(type);

/**
 * Throws `Clash` if an integer type cannot hold a value, such as the result of a division by zero.
 * Runtimes convert such values differently.
 */
export function wholeOnly(type: ElementType, values: Numbers): void {
  const odd = isInteger(type) ? values.find((x) => !Number.isInteger(x)) : undefined;
  if (odd !== undefined)
    throw new Clash(
      `its result is ${Number.isNaN(odd) ? 'not a number' : odd}, but its type is ${type}`,
    );
}

const LARGEST = 2 ** 27;

export function numbers(type: ElementType, n: number): Numbers {
  if (n > LARGEST) throw new Clash(`a constant of ${n} elements is too large`);
  switch (type) {
    case 'float32':
    case 'float16':
      return new Float32Array(n);
    case 'float64':
    case 'int64':
    case 'uint64':
      return new Float64Array(n);
    case 'int32':
      return new Int32Array(n);
    case 'uint32':
      return new Uint32Array(n);
    case 'int16':
      return new Int16Array(n);
    case 'uint16':
      return new Uint16Array(n);
    case 'int8':
      return new Int8Array(n);
    case 'uint8':
    case 'bool':
    case 'uint4':
      return new Uint8Array(n);
    default:
      throw new Unsupported(`values of type ${type}`);
  }
}

const decoded = new WeakMap<Tensor, Constant>();

/** A tensor of the file as a constant; a view if type and alignment allow it. */
export function decode(tensor: Tensor): Constant {
  let c = decoded.get(tensor);
  if (!c)
    decoded.set(
      tensor,
      (c = {
        type: widened(tensor.type),
        dims: tensor.dims,
        stored: tensor.dims,
        data: decodeData(tensor),
      }),
    );
  return c;
}

function decodeData({ type, bytes, dims }: Tensor): Numbers {
  if (type === 'float16') return halfToFloat32(bytes);
  if (type === 'float32') return float32View(bytes);
  if (type === 'uint8' || type === 'bool') return bytes;
  if (type === 'int64' || type === 'uint64') {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const out = new Float64Array(count(dims));
    for (let i = 0; i < out.length; i++)
      out[i] = Number(
        type === 'int64' ? view.getBigInt64(8 * i, true) : view.getBigUint64(8 * i, true),
      );
    return out;
  }
  if (type === 'uint4')
    return Uint8Array.from(
      { length: count(dims) },
      (_, i) => (bytes[i >> 1]! >> (4 * (i & 1))) & 15,
    );
  const out = numbers(type, count(dims));
  new Uint8Array(out.buffer).set(bytes);
  return out;
}

/** Little-endian bytes of a constant in the ONNX representation of its type. */
export function encode(c: Constant): Uint8Array {
  if (c.type === 'int64' || c.type === 'uint64') {
    const out = BigInt64Array.from(c.data as Float64Array, toInt64);
    return new Uint8Array(out.buffer);
  }
  if (c.type === 'uint4') {
    const out = new Uint8Array(Math.ceil(c.data.length / 2));
    c.data.forEach((q, i) => {
      out[i >> 1]! |= q << (4 * (i & 1));
    });
    return out;
  }
  return new Uint8Array(c.data.buffer, c.data.byteOffset, c.data.byteLength);
}

/** A constant with equal elements. */
export function uniform(type: ElementType, dims: readonly number[], value: number): Constant {
  const stored = dims.map((d) => (d === 0 ? 0 : 1));
  const data = numbers(type, count(stored));
  data.fill(value);
  return { type, dims, stored, data };
}

export const vector = (type: ElementType, values: readonly number[]): Constant => {
  const data = numbers(type, values.length);
  data.set(values);
  return { type, dims: [values.length], stored: [values.length], data };
};

export const isUniform = (c: Constant): boolean => c.data.length === 1;

/** Dims of a broadcast result, as in NumPy. */
export function broadcastDims(shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(...shapes.map((s) => s.length));
  const out = new Array<number>(rank).fill(1);
  for (const s of shapes) {
    for (let i = 0; i < s.length; i++) {
      const at = rank - s.length + i;
      const d = s[i]!;
      const o = out[at]!;
      if (d === o || d === 1) continue;
      if (o !== 1)
        throw new Clash(`shapes ${shapes.map(shapeText).join(' and ')} do not fit together`);
      out[at] = d;
    }
  }
  return out;
}

/** Row-major strides of `shape`, broadcast to `rank` axes: 0 on repeated axes. */
export function stridesFor(shape: readonly number[], rank: number): Int32Array {
  const strides = new Int32Array(rank);
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    if (shape[i] !== 1) strides[rank - shape.length + i] = step;
    step *= shape[i]!;
  }
  return strides;
}

/** Calls `visit(at, offsets)` for every element of `dims`, with the offset of each operand. */
export function walk(
  dims: readonly number[],
  strides: readonly Int32Array[],
  visit: (at: number, offsets: Int32Array) => void,
): void {
  const n = count(dims);
  const rank = dims.length;
  const index = new Int32Array(rank);
  const offsets = new Int32Array(strides.length);
  for (let at = 0; at < n; at++) {
    visit(at, offsets);
    for (let d = rank - 1; d >= 0; d--) {
      index[d]!++;
      for (let k = 0; k < strides.length; k++) offsets[k]! += elementAt(strides, k)[d]!;
      if (index[d]! < dims[d]!) break;
      for (let k = 0; k < strides.length; k++) offsets[k]! -= elementAt(strides, k)[d]! * dims[d]!;
      index[d] = 0;
    }
  }
}

/** The same constant with other `stored` dims, each unchanged or expanded. */
export function store(c: Constant, stored: readonly number[]): Constant {
  if (sameDims(c.stored, stored)) return c;
  const data = numbers(c.type, count(stored));
  const from = c.data;
  walk(stored, [stridesFor(c.stored, stored.length)], (at, o) => {
    data[at] = from[o[0]!]!;
  });
  return { ...c, stored, data };
}

/** The constant with every element stored. */
export const full = (c: Constant): Constant => store(c, c.dims);

/** The constant with every element along `axes` stored. */
export const fullAlong = (c: Constant, axes: readonly number[]): Constant =>
  store(
    c,
    c.stored.map((s, i) => (axes.includes(i) ? c.dims[i]! : s)),
  );

/**
 * Selects elements along each axis of `stored` by index lists (null: the whole axis). The result
 * has shape `dims`.
 */
export function pick(
  c: Constant,
  dims: readonly number[],
  lists: readonly (readonly number[] | null)[],
): Constant {
  const all = lists.map(
    (list, axis) => list ?? Array.from({ length: c.stored[axis]! }, (_, i) => i),
  );
  const stored = all.map((list) => list.length);
  const data = numbers(c.type, count(stored));
  const from = c.data;
  const strides = new Array<number>(stored.length);
  let step = 1;
  for (let d = stored.length - 1; d >= 0; d--) {
    strides[d] = step;
    step *= c.stored[d]!;
  }
  let at = 0;
  const copy = (axis: number, base: number): void => {
    if (axis === stored.length) {
      data[at++] = from[base]!;
      return;
    }
    for (const i of elementAt(all, axis)) copy(axis + 1, base + i * strides[axis]!);
  };
  copy(0, 0);
  return { type: c.type, dims, stored, data };
}
