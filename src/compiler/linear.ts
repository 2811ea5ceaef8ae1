/**
 * DequantizeLinear over a matrix, `(q − zero) · scale`: finds the scale of each element and
 * dequantises it. There is one scale for the matrix, for each entry of an axis, or for each block
 * along an axis.
 */
import { float32View, halfToFloat32 } from '../onnx/float16.ts';
import type { ElementType } from '../onnx/types.ts';
import { axisOf, input, int, type Call } from './fold/rule.ts';
import { Clash, count, sameDims, shapeText, Unsupported } from './value.ts';

/** `axis` is null for one scale; `block` is null for one scale per entry of the axis. */
export interface LinearForm {
  axis: number | null;
  block: number | null;
}

/** Values as stored in the file; 4-bit values are packed two to a byte, low bits first. */
export interface Stored {
  type: ElementType;
  bytes: Uint8Array;
}

export const LINEAR_BITS: Readonly<Partial<Record<ElementType, 4 | 8>>> = {
  uint8: 8,
  int8: 8,
  uint4: 4,
  int4: 4,
};

/**
 * Returns the form of a DequantizeLinear and checks its tensors against each other. Throws
 * `Unsupported` or `Clash`.
 */
export function linearForm(call: Call): LinearForm {
  const x = input(call, 0);
  const scale = input(call, 1);
  const zero = call.inputs[2];
  const block = int(call, 'block_size', 0);
  if (!LINEAR_BITS[x.type]) throw new Unsupported(`values of type ${x.type}`);
  if (scale.type !== 'float32') throw new Unsupported(`scales of type ${scale.type}`);
  if (zero && (zero.type !== x.type || count(zero.dims) !== count(scale.dims)))
    throw new Clash('zero points that do not match the scales');
  if (block === 0) {
    if (count(scale.dims) === 1) return { axis: null, block: null };
    const axis = axisOf(int(call, 'axis', 1), x.dims.length);
    if (count(scale.dims) !== x.dims[axis])
      throw new Clash(`${count(scale.dims)} scales for an axis of ${x.dims[axis]}`);
    return { axis, block: null };
  }
  const axis = axisOf(int(call, 'axis', 1), x.dims.length);
  const wanted = x.dims.map((d, i) => (i === axis ? Math.ceil(d / block) : d));
  if (!(block > 0) || !sameDims(scale.dims, wanted))
    throw new Clash(
      `scales of ${shapeText(scale.dims)} for blocks of ${block} along axis ${axis} of ${shapeText(x.dims)}`,
    );
  return { axis, block };
}

/**
 * Returns a reader: it writes `into.length` values of row `row` of a matrix `[rows, columns]`,
 * starting at column `first`.
 */
export function linearRows({
  form,
  columns,
  q,
  scale,
  zero,
}: {
  form: LinearForm;
  columns: number;
  q: Stored;
  scale: Stored;
  zero: Stored | null;
}): (row: number, first: number, into: Float32Array) => void {
  const { axis, block } = form;
  const value = integersOf(q);
  const zeroOf = zero ? integersOf(zero) : () => 0;
  const scales = scale.type === 'float16' ? halfToFloat32(scale.bytes) : float32View(scale.bytes);
  const blocks = block === null ? 0 : Math.ceil(columns / block);
  const at =
    axis === null
      ? () => 0
      : block === null
        ? (row: number, column: number) => (axis === 0 ? row : column)
        : (row: number, column: number) =>
            axis === 0
              ? Math.floor(row / block) * columns + column
              : row * blocks + Math.floor(column / block);
  return (row, first, into) => {
    for (let i = 0; i < into.length; i++) {
      const column = first + i;
      const s = at(row, column);
      into[i] = (value(row * columns + column) - zeroOf(s)) * scales[s]!;
    }
  };
}

function integersOf({ type, bytes }: Stored): (i: number) => number {
  switch (type) {
    case 'uint8':
      return (i) => bytes[i]!;
    case 'int8':
      return (i) => (bytes[i]! << 24) >> 24;
    case 'uint4':
      return (i) => (bytes[i >> 1]! >> (4 * (i & 1))) & 15;
    default:
      return (i) => ((bytes[i >> 1]! >> (4 * (i & 1))) << 28) >> 28;
  }
}
