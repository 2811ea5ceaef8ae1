/**
 * Lowers rotary position embedding to plain operators: `y = x ⊙ C + swap(x) ⊙ S`.
 *
 * `swap` exchanges the two elements of each pair, and S carries the sign. Rotated pairs are `(i, i
 * + R/2)`, or `(2i, 2i + 1)` if interleaved. Dimensions from R on are unchanged (C = 1, S = 0).
 */
import { defined, elementAt } from '../../checked.ts';
import { constantValue, isPositions, type Builder } from '../builder.ts';
import type { Constant } from '../fold/constant.ts';
import { constantOf, input, int } from '../fold/rule.ts';
import { Clash, Unsupported, type ConstantValue, type Value } from '../value.ts';
import type { Lowering } from './lowering.ts';

export interface RotaryTables {
  C: ConstantValue;
  S: ConstantValue;
  rotated: number;
  interleaved: boolean;
}

/** C and S, `[length, headDim]`, from caches `[positions, R/2]` for positions 0 … length−1. */
export function rotaryTables({
  b,
  cos,
  sin,
  headDim,
  interleaved,
}: {
  b: Builder;
  cos: Constant | null;
  sin: Constant | null;
  headDim: number;
  interleaved: boolean;
}): RotaryTables {
  if (!cos || !sin || cos.dims.length !== 2 || cos.dims[1] !== sin.dims[1])
    throw new Clash('its rotation tables are missing or of another shape');
  const [rows, half] = cos.dims as [number, number];
  const rotated = 2 * half;
  const n = b.length;
  if (rotated > headDim) throw new Clash(`a rotation of ${rotated} in a head of ${headDim}`);
  b.facts.maxLength = Math.min(b.facts.maxLength, rows);
  if (n > rows) throw new Clash(`${n} tokens, but positions for ${rows}`);
  const C = new Float32Array(n * headDim).fill(1);
  const S = new Float32Array(n * headDim);
  for (let t = 0; t < n; t++) {
    for (let i = 0; i < half; i++) {
      const first = t * headDim + (interleaved ? 2 * i : i);
      const second = t * headDim + (interleaved ? 2 * i + 1 : i + half);
      C[first] = C[second] = cos.data[t * half + i]!;
      S[first] = -sin.data[t * half + i]!;
      S[second] = sin.data[t * half + i]!;
    }
  }
  const table = (data: Float32Array) =>
    constantValue({ type: 'float32', dims: [n, headDim], stored: [n, headDim], data });
  return { C: table(C), S: table(S), rotated, interleaved };
}

/** Rotates `x`, `[batch, heads, length, headDim]`. */
export function rotate(b: Builder, x: Value, { C, S, rotated, interleaved }: RotaryTables): Value {
  return b.one('Add', [b.one('Mul', [x, C]), b.one('Mul', [swap(b, x, rotated, interleaved), S])]);
}

function swap(b: Builder, x: Value, rotated: number, interleaved: boolean): Value {
  const width = elementAt(x.dims, -1);
  const axis = { axis: { type: 'int' as const, value: -1 } };
  if (interleaved) {
    const order = Array.from({ length: width }, (_, i) => (i < rotated ? i ^ 1 : i));
    return b.one('Gather', [x, b.integers(order)], axis);
  }
  const sizes =
    rotated < width ? [rotated / 2, rotated / 2, width - rotated] : [rotated / 2, rotated / 2];
  const [low, high, ...rest] = b.emit('Split', [x, b.integers(sizes)], {
    attributes: axis,
    outputs: sizes.length,
  });
  return b.one('Concat', [defined(high), defined(low), ...rest], axis);
}

/**
 * com.microsoft::RotaryEmbedding on `[batch, length, heads·headDim]` or `[batch, heads, length,
 * headDim]`.
 */
export const rotaryEmbedding: Lowering = (b, call) => {
  const x = input(call, 0);
  const positions = input(call, 1);
  const cos = constantOf(call.inputs[2]);
  const sin = constantOf(call.inputs[3]);
  const offset = constantOf(positions);
  if (!isPositions(positions, b.length) && !(offset?.data.length === 1 && offset.data[0] === 0))
    throw new Unsupported('positions that do not start at 0');
  const interleaved = int(call, 'interleaved', 0) === 1;
  if (x.dims.length === 4)
    return [rotate(b, x, rotaryTables({ b, cos, sin, headDim: x.dims[3]!, interleaved }))];
  const heads = int(call, 'num_heads', 0);
  const width = x.dims[2] ?? 0;
  const headDim = heads > 0 ? width / heads : 2 * (cos?.dims[1] ?? 0);
  if (x.dims.length !== 3 || !Number.isInteger(width / headDim))
    throw new Clash('a number of heads that does not divide its width');
  const [batch, length] = x.dims as [number, number, number];
  const split = b.transpose(b.reshape(x, [batch, length, width / headDim, headDim]), [0, 2, 1, 3]);
  const turned = rotate(b, split, rotaryTables({ b, cos, sin, headDim, interleaved }));
  return [b.reshape(b.transpose(turned, [0, 2, 1, 3]), x.dims)];
};
