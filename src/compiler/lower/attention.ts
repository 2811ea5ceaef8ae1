/**
 * Lowers com.microsoft::GroupQueryAttention without past to plain operators: rotation, scores,
 * causal (and window) mask, softmax, values. Query heads that share a key-value head have a
 * separate dimension, so keys are broadcast and not copied.
 */
import { defined } from '../../checked.ts';
import type { Builder } from '../builder.ts';
import { constantValue } from '../builder.ts';
import { constantOf, float, input, int, type Call } from '../fold/rule.ts';
import { Clash, Unsupported, type ConstantValue, type Value } from '../value.ts';
import type { Lowering } from './lowering.ts';
import { rotaryTables, rotate } from './rotary.ts';

/**
 * Large enough to vanish in any softmax, and finite: shader compilers may assume that no value is
 * infinite.
 */
const MASKED = -1e30;

/** `[length, length]`: 0 where position t attends to s, that is `t − window < s ≤ t`. */
function causalMask(b: Builder, window: number): ConstantValue {
  const n = b.length;
  const data = new Float32Array(n * n).fill(MASKED);
  for (let t = 0; t < n; t++)
    for (let s = window > 0 ? Math.max(0, t - window + 1) : 0; s <= t; s++) data[t * n + s] = 0;
  return constantValue({ type: 'float32', dims: [n, n], stored: [n, n], data });
}

interface Heads {
  q: Value;
  k: Value;
  v: Value;
  heads: number;
  kvHeads: number;
  headDim: number;
}

function separate(b: Builder, call: Call): Heads {
  const heads = int(call, 'num_heads', 0);
  const kvHeads = int(call, 'kv_num_heads', 0);
  const query = input(call, 0);
  if (!(heads > 0 && kvHeads > 0 && heads % kvHeads === 0))
    throw new Clash(`${heads} heads for ${kvHeads} keys`);
  if (query.dims.length !== 3) throw new Clash('queries of another shape');
  const packed = !call.inputs[1];
  const headDim = query.dims[2]! / (packed ? heads + 2 * kvHeads : heads);
  if (!Number.isInteger(headDim))
    throw new Clash(`${heads} heads do not divide a width of ${query.dims[2]}`);
  const widths: [number, number, number] = [heads * headDim, kvHeads * headDim, kvHeads * headDim];
  let parts: (Value | null)[] = [query, call.inputs[1] ?? null, call.inputs[2] ?? null];
  if (packed) {
    b.facts.packed.set(query, widths);
    parts = b.emit('Split', [query, b.integers(widths)], {
      attributes: { axis: { type: 'int', value: -1 } },
      outputs: 3,
    });
  }
  const [batch, length] = query.dims as [number, number, number];
  const [q, k, v] = parts.map((part, i) => {
    const count = i === 0 ? heads : kvHeads;
    if (part?.dims[2] !== count * headDim)
      throw new Clash(`keys or values are not ${kvHeads} heads of ${headDim}`);
    return b.reshape(part, [batch, length, count, headDim]);
  });
  return { q: defined(q), k: defined(k), v: defined(v), heads, kvHeads, headDim };
}

const unsupported: readonly [number, string][] = [
  [11, 'a head sink'],
  [12, 'a quantised cache'],
  [13, 'a quantised cache'],
];

export const groupQueryAttention: Lowering = (b, call) => {
  for (const [index, what] of unsupported) if (call.inputs[index]) throw new Unsupported(what);
  if (int(call, 'smooth_softmax', 0) === 1) throw new Unsupported('a smooth softmax');
  const { q, k, v, heads, kvHeads, headDim } = separate(b, call);
  b.facts.kvHeads = kvHeads;
  b.facts.headDim = headDim;
  const [batch, length] = q.dims as [number, number, number, number];
  const group = heads / kvHeads;

  // q/k norm comes before the rotation, over each head.
  const epsilon = float(call, 'qk_norm_epsilon', 1e-6);
  const norm = (x: Value, weight: Value | null | undefined) =>
    weight
      ? b.one('SimplifiedLayerNormalization', [x, weight], {
          axis: { type: 'int', value: -1 },
          epsilon: { type: 'float', value: epsilon },
          stash_type: { type: 'int', value: 1 },
        })
      : x;
  const order = [0, 2, 1, 3];
  let query = b.transpose(norm(q, call.inputs[14]), order);
  let key = b.transpose(norm(k, call.inputs[15]), order);
  const value = b.transpose(v, order);
  if (int(call, 'do_rotary', 0) === 1) {
    const tables = rotaryTables({
      b,
      cos: constantOf(call.inputs[7]),
      sin: constantOf(call.inputs[8]),
      headDim,
      interleaved: int(call, 'rotary_interleaved', 0) === 1,
    });
    query = rotate(b, query, tables);
    key = rotate(b, key, tables);
  }
  const scale = float(call, 'scale', 0) || 1 / Math.sqrt(headDim);
  const softcap = float(call, 'softcap', 0);
  query = b.one('Mul', [query, b.scalar(scale)]);

  const grouped = b.reshape(query, [batch, kvHeads, group, length, headDim]);
  const keys = b.reshape(b.transpose(key, [0, 1, 3, 2]), [batch, kvHeads, 1, headDim, length]);
  const values = b.reshape(value, [batch, kvHeads, 1, length, headDim]);
  let scores = b.one('MatMul', [grouped, keys]);
  if (softcap > 0)
    scores = b.one('Mul', [
      b.one('Tanh', [b.one('Div', [scores, b.scalar(softcap)])]),
      b.scalar(softcap),
    ]);
  const bias = call.inputs[10];
  if (bias)
    scores = b.reshape(
      b.one('Add', [b.reshape(scores, [batch, heads, length, length]), bias]),
      scores.dims,
    );
  const window = int(call, 'local_window_size', -1);
  // The runtime treats negative windows as none; its results for window 0 are meaningless.
  if (window === 0) throw new Clash('a window of 0 tokens');
  scores = b.one('Add', [scores, causalMask(b, window)]);
  const mixed = b.one('MatMul', [
    b.one('Softmax', [scores], { axis: { type: 'int', value: -1 } }),
    values,
  ]);
  const joined = b.reshape(b.transpose(b.reshape(mixed, [batch, heads, length, headDim]), order), [
    batch,
    length,
    heads * headDim,
  ]);
  return [joined, key, value];
};
