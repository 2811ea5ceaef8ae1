/**
 * Generates a decoder as the ONNX Runtime GenAI builder writes it: packed q, k and v,
 * GroupQueryAttention with rotary embedding, fused norms that carry the residual stream, and 4-bit
 * products in blocks of 32. Any size: `bench/large.ts` makes one of 1.2 GB.
 */
import { elementAt } from '../src/checked.ts';
import { streamKeys, fillNormal } from '../src/device/random.ts';
import type { Attribute, Graph, Node, Tensor, ValueInfo } from '../src/onnx/graph.ts';
import { bytesOf, type ElementType } from '../src/onnx/types.ts';

export interface GenaiShape {
  layers: number;
  vocab: number;
  hidden: number;
  heads: number;
  kvHeads: number;
  headDim: number;
  inner: number;
  /** Type of activations, scales and embedding. */
  type: 'float32' | 'float16';
  /** The head: a 4-bit product, a separate float matrix, or the transposed embedding. */
  head: 'q4' | 'float' | 'tied';
  /** Positions in the rotary tables. */
  positions: number;
  /** Layers with zero points in their products, which gives them another structure. */
  zeroPoints?: readonly number[];
}

export const tinyGenai: GenaiShape = {
  layers: 3,
  vocab: 48,
  hidden: 32,
  heads: 4,
  kvHeads: 2,
  headDim: 16,
  inner: 64,
  type: 'float32',
  head: 'q4',
  positions: 64,
};

/** The shapes of Llama-3.2-1B with a 4-bit head: 1.2 GB. */
export const llama1B: GenaiShape = {
  layers: 16,
  vocab: 128256,
  hidden: 2048,
  heads: 32,
  kvHeads: 8,
  headDim: 64,
  inner: 8192,
  type: 'float16',
  head: 'q4',
  positions: 4096,
};

const BLOCK = 32;

export function genaiDecoderGraph(shape: GenaiShape): Graph {
  const { layers, vocab, hidden, heads, kvHeads, headDim, inner, type, head, positions } = shape;
  const g = new Maker(type);
  const int = (value: number): Attribute => ({ type: 'int', value });
  const float = (value: number): Attribute => ({ type: 'float', value });
  const epsilon = float(1e-5);
  const linear = ({
    path,
    x,
    N,
    K,
    zeros,
    y,
  }: {
    path: string;
    x: string;
    N: number;
    K: number;
    zeros: boolean;
    y?: string;
  }) =>
    elementAt(
      g.node(
        `/${path.replace(/\.(?!\d)/g, '/')}/MatMul_Q4`,
        'MatMulNBits',
        g.packed({ name: `${path}.MatMul.weight`, x, N, K, zeros }),
        {
          attributes: { K: int(K), N: int(N), bits: int(4), block_size: int(BLOCK) },
          outputs: [y ?? `/${path}/output_0`],
        },
      ),
      0,
    );

  g.integers('one', [1], [1n]);
  g.integers('second', [], [1n]);
  const sums = elementAt(
    g.node('/model/mask/ReduceSum', 'ReduceSum', ['attention_mask', 'one'], {
      attributes: { keepdims: int(0) },
    }),
    0,
  );
  const last = elementAt(
    g.node('/model/mask/Cast', 'Cast', g.node('/model/mask/Sub', 'Sub', [sums, 'one']), {
      attributes: { to: int(6) },
    }),
    0,
  );
  const lengths = g.node(
    '/model/mask/Gather',
    'Gather',
    [elementAt(g.node('/model/mask/Shape', 'Shape', ['attention_mask']), 0), 'second'],
    { attributes: { axis: int(0) } },
  );
  const total = elementAt(
    g.node('/model/mask/Gather/Cast', 'Cast', lengths, { attributes: { to: int(6) } }),
    0,
  );
  const angle = (i: number) =>
    Math.floor(i / (headDim / 2)) * 10000 ** (-(i % (headDim / 2)) / (headDim / 2));
  g.floats('cos_cache', [positions, headDim / 2], (i) => Math.cos(angle(i)));
  g.floats('sin_cache', [positions, headDim / 2], (i) => Math.sin(angle(i)));

  g.normals('model.embed_tokens.weight', [vocab, hidden], 1);
  let stream = elementAt(
    g.node('/model/embed_tokens/Gather', 'Gather', ['model.embed_tokens.weight', 'input_ids']),
    0,
  );
  let added = '';
  /** Adds the pending summand to the residual stream, if any, and normalises. */
  const norm = (name: string): string => {
    const weight = g.weight(`${name}.weight`, [hidden]);
    const path = `/${name.replace(/\.(?!\d)/g, '/')}`;
    if (!added)
      return elementAt(
        g.node(`${path}/LayerNorm`, 'SimplifiedLayerNormalization', [stream, weight], {
          attributes: { epsilon, axis: int(-1), stash_type: int(1) },
          domain: '',
        }),
        0,
      );
    const outputs = [`${path}/output_0`, '', '', `${path}/output_3`];
    const final = name.includes('final');
    g.node(`${path}/SkipLayerNorm`, 'SkipSimplifiedLayerNormalization', [stream, added, weight], {
      attributes: { epsilon },
      outputs: final ? outputs.slice(0, 1) : outputs,
    });
    stream = elementAt(outputs, 3);
    return elementAt(outputs, 0);
  };
  for (let layer = 0; layer < layers; layer++) {
    const path = `model.layers.${layer}`;
    const zeros = shape.zeroPoints?.includes(layer) ?? false;
    const qkv = linear({
      path: `${path}.attn.qkv_proj`,
      x: norm(`${path}.input_layernorm`),
      N: (heads + 2 * kvHeads) * headDim,
      K: hidden,
      zeros,
    });
    const past = ['key', 'value'].map((part) => `past_key_values.${layer}.${part}`);
    const present = ['key', 'value'].map((part) => `present.${layer}.${part}`);
    const attended = elementAt(
      g.node(
        `/model/layers.${layer}/attn/GroupQueryAttention`,
        'GroupQueryAttention',
        [qkv, '', '', ...past, last, total, 'cos_cache', 'sin_cache'],
        {
          attributes: {
            num_heads: int(heads),
            kv_num_heads: int(kvHeads),
            scale: float(headDim ** -0.5),
            do_rotary: int(1),
            local_window_size: int(-1),
          },
          outputs: [`/${path}/attn/output_0`, ...present],
        },
      ),
      0,
    );
    added = linear({
      path: `${path}.attn.o_proj`,
      x: attended,
      N: hidden,
      K: heads * headDim,
      zeros,
    });
    const x = norm(`${path}.post_attention_layernorm`);
    const gate = linear({ path: `${path}.mlp.gate_proj`, x, N: inner, K: hidden, zeros });
    const up = linear({ path: `${path}.mlp.up_proj`, x, N: inner, K: hidden, zeros });
    const active = elementAt(
      g.node(`/model/layers.${layer}/mlp/act_fn/Mul`, 'Mul', [
        gate,
        elementAt(g.node(`/model/layers.${layer}/mlp/act_fn/Sigmoid`, 'Sigmoid', [gate]), 0),
      ]),
      0,
    );
    added = linear({
      path: `${path}.mlp.down_proj`,
      x: elementAt(g.node(`/model/layers.${layer}/mlp/Mul`, 'Mul', [active, up]), 0),
      N: hidden,
      K: inner,
      zeros,
    });
  }
  const h = norm(`model.layers.${layers}.final_norm_layernorm`);
  if (head === 'q4')
    linear({ path: 'lm_head', x: h, N: vocab, K: hidden, zeros: false, y: 'logits' });
  else {
    if (head === 'float') g.normals('lm_head.MatMul.weight', [hidden, vocab], hidden ** -0.5);
    const weight =
      head === 'float'
        ? 'lm_head.MatMul.weight'
        : elementAt(
            g.node('/lm_head/Transpose', 'Transpose', ['model.embed_tokens.weight'], {
              attributes: { perm: { type: 'ints', value: [1, 0] } },
            }),
            0,
          );
    g.node('/lm_head/MatMul', 'MatMul', [h, weight], { outputs: ['logits'] });
  }
  const ids = (name: string): ValueInfo => ({
    name,
    type: 'int64',
    dims: ['batch_size', name === 'input_ids' ? 'sequence_length' : 'total_sequence_length'],
  });
  const cache = (kind: string): ValueInfo[] =>
    ['key', 'value'].flatMap((part) =>
      Array.from({ length: layers }, (_, i): ValueInfo => ({
        name: `${kind}.${i}.${part}`,
        type,
        dims: ['batch_size', kvHeads, `${kind}_sequence_length`, headDim],
      })),
    );
  return {
    file: 'made.onnx',
    producer: 'test',
    irVersion: 10,
    opsets: new Map([
      ['', 21],
      ['com.microsoft', 1],
    ]),
    nodes: g.nodes,
    initialisers: g.initialisers,
    inputs: [ids('input_ids'), ids('attention_mask'), ...cache('past_key_values')],
    outputs: [
      { name: 'logits', type, dims: ['batch_size', 'sequence_length', vocab] },
      ...cache('present'),
    ],
  };
}

/** Converts to a half float. Values beyond its range do not occur; subnormal values become zero. */
function half(value: number): number {
  const magnitude = Math.abs(value);
  const exponent = Math.floor(Math.log2(magnitude));
  if (!(exponent >= -14)) return 0;
  return (
    (value < 0 ? 0x8000 : 0) +
    ((exponent + 14) << 10) +
    Math.round(magnitude * 2 ** (10 - exponent))
  );
}

/**
 * Size of a table of normal numbers for float weights. It is large enough that no two rows are
 * equal, and lookups are fast.
 */
const DRAWN = 4096;

class Maker {
  readonly nodes: Node[] = [];
  readonly initialisers = new Map<string, Tensor>();
  private readonly type: 'float32' | 'float16';
  private readonly drawn = fillNormal(streamKeys(7, 0, 0), new Float32Array(DRAWN));
  private state = 0x9e3779b9;

  constructor(type: 'float32' | 'float16') {
    this.type = type;
  }

  /**
   * Adds a node and returns its outputs. Fused operators have Microsoft's domain unless `domain` is
   * given.
   */
  node(
    name: string,
    op: string,
    inputs: string[],
    {
      attributes = {},
      outputs = [],
      domain = /^(MatMulNBits|Group|Skip)/.test(op) ? 'com.microsoft' : '',
    }: { attributes?: Record<string, Attribute>; outputs?: string[]; domain?: string } = {},
  ): string[] {
    const made = outputs.length > 0 ? outputs : [`${name}/output_0`];
    this.nodes.push({
      name,
      op,
      domain,
      inputs,
      outputs: made,
      attributes: new Map(Object.entries(attributes)),
    });
    return made;
  }

  integers(name: string, dims: number[], values: bigint[]): void {
    this.put(name, 'int64', dims, BigInt64Array.from(values));
  }

  floats(name: string, dims: number[], of: (i: number) => number): string {
    const values = Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => of(i));
    return this.put(name, this.type, dims, this.stored(values));
  }

  /** The weight of a norm. */
  weight(name: string, dims: number[]): string {
    return this.floats(name, dims, () => 1 + 0.2 * this.drawn[this.random() % DRAWN]!);
  }

  normals(name: string, dims: number[], std: number): string {
    return this.picked(
      name,
      dims,
      this.drawn.map((v) => v * std),
    );
  }

  /** The inputs of a product: x, packed weights, scales, and optional zero points. */
  packed({
    name,
    x,
    N,
    K,
    zeros,
  }: {
    name: string;
    x: string;
    N: number;
    K: number;
    zeros: boolean;
  }): string[] {
    const blocks = Math.ceil(K / BLOCK);
    const weight = this.put(
      `${name}_Q4`,
      'uint8',
      [N, blocks, BLOCK / 2],
      this.bytes((N * blocks * BLOCK) / 2),
    );
    // The standard deviation of uniform codes 0 to 15 is 4.6.
    const scales = this.picked(
      `${name}_scales`,
      [N, blocks],
      this.drawn.map((v) => ((1 + 0.2 * v) * K ** -0.5) / 4.6),
    );
    const inputs = [x, weight, scales];
    if (zeros)
      inputs.push(
        this.put(
          `${name}_zero_points`,
          'uint8',
          [N, Math.ceil(blocks / 2)],
          this.bytes(N * Math.ceil(blocks / 2)).map((b) => 0x77 + (b & 0x11)),
        ),
      );
    return inputs;
  }

  private picked(name: string, dims: number[], from: Float32Array): string {
    const stored = this.stored(from);
    const out = new (stored.constructor as Float32ArrayConstructor)(
      dims.reduce((a, b) => a * b, 1),
    );
    for (let i = 0; i < out.length; i++) out[i] = stored[this.random() % DRAWN]!;
    return this.put(name, this.type, dims, out);
  }

  private stored(values: Float32Array): Float32Array | Uint16Array {
    return this.type === 'float32' ? values : Uint16Array.from(values, half);
  }

  private bytes(count: number): Uint8Array {
    const words = new Uint32Array(Math.ceil(count / 4));
    for (let i = 0; i < words.length; i++) words[i] = this.random();
    return new Uint8Array(words.buffer, 0, count);
  }

  /** Marsaglia's xorshift, which fills a gigabyte in seconds. */
  private random(): number {
    this.state ^= this.state << 13;
    this.state ^= this.state >>> 17;
    this.state ^= this.state << 5;
    return this.state >>> 0;
  }

  private put(name: string, type: ElementType, dims: number[], data: ArrayBufferView): string {
    const bytes = new Uint8Array(
      data.buffer,
      data.byteOffset,
      bytesOf(
        type,
        dims.reduce((a, b) => a * b, 1),
      ),
    );
    this.initialisers.set(name, { name, type, dims, bytes });
    return name;
  }
}
