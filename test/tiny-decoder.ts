/**
 * Generates a random two-layer decoder as optimum exports it, for tests without reference models.
 * It has RMSNorm, RoPE, grouped-query attention and SiLU in primitive operators, int64 shape
 * arithmetic, a causal mask built in the graph, past inputs, present outputs, and a tied head
 * after a Transpose.
 */
import { defined, elementAt } from '../src/checked.ts';
import { fillNormal, streamKeys } from '../src/device/random.ts';
import type { Attribute, Graph, Node, Tensor, ValueInfo } from '../src/onnx/graph.ts';
import { writeGraph } from '../src/onnx/write.ts';

export const tiny = {
  layers: 2,
  vocab: 48,
  hidden: 32,
  heads: 4,
  kvHeads: 2,
  headDim: 8,
  inner: 64,
} as const;

export interface TinyOptions {
  seed?: number;
  /** float32 products, or MatMulNBits with 4 bits in blocks of 16 (weights rounded to nearest). */
  weights?: 'float32' | 'q4';
  /** False omits the causal mask, as in an encoder. */
  causal?: boolean;
}

/** The bytes of an .onnx file. */
export const tinyDecoder = (options: TinyOptions = {}): Uint8Array =>
  writeGraph(tinyDecoderGraph(options));

export function tinyDecoderGraph({
  seed = 1,
  weights = 'float32',
  causal = true,
}: TinyOptions = {}): Graph {
  const g = new GraphMaker(seed);
  const { layers, vocab, hidden, heads, kvHeads, headDim, inner } = tiny;
  const linear = ({
    path,
    x,
    out,
    from,
    bias = false,
  }: {
    path: string;
    x: string;
    out: number;
    from: number;
    bias?: boolean;
  }): string => {
    const y =
      weights === 'q4'
        ? g.product4(path, x, out, from)
        : g.node(
            'MatMul',
            [x, g.normal(`onnx::MatMul_${path}`, [from, out], from ** -0.5)],
            {},
            { name: `/${path.replace(/\.(?!\d)/g, '/')}/MatMul` },
          );
    return bias
      ? g.node(
          'Add',
          [g.normal(`${path}.bias`, [out], 0.1), y],
          {},
          { name: `/${path.replace(/\.(?!\d)/g, '/')}/Add` },
        )
      : y;
  };
  const norm = (path: string, x: string): string => {
    const mean = g.node('ReduceMean', [g.node('Pow', [x, g.floats([], [2])])], { axes: ints(-1) });
    const scaled = g.node('Mul', [
      x,
      g.node('Div', [
        g.floats([], [1]),
        g.node('Sqrt', [g.node('Add', [mean, g.floats([], [1e-5])])]),
      ]),
    ]);
    return g.node('Mul', [g.normal(`${path}.weight`, [hidden], 0.2, 1), scaled]);
  };

  const table = g.normal('model.embed_tokens.weight', [vocab, hidden], 1);
  let x = g.node('Gather', [table, 'input_ids'], {}, { name: '/model/embed_tokens/Gather' });
  const shape = g.node('Shape', ['input_ids']);
  const batch = g.node('Gather', [shape, g.ints64([1], [0])]);
  const length = g.node('Gather', [shape, g.ints64([], [1])]);
  const last = g.node('Unsqueeze', [length, g.ints64([1], [0])]);

  // Causal mask: 0 where s ≤ t and attention_mask[s], else −∞.
  const range = g.node('Range', [g.ints64([], [0]), length, g.ints64([], [1])]);
  const earlier = g.node('LessOrEqual', [
    g.node('Unsqueeze', [range, g.ints64([3], [0, 1, 2])]),
    g.node('Unsqueeze', [range, g.ints64([3], [0, 1, 3])]),
  ]);
  const attended = g.node('Unsqueeze', [
    g.node('Cast', ['attention_mask'], { to: { type: 'int', value: 9 } }),
    g.ints64([2], [1, 2]),
  ]);
  const visible = g.node('Expand', [
    causal ? g.node('And', [earlier, attended]) : attended,
    g.node('Concat', [batch, g.ints64([1], [1]), last, last], { axis: int(0) }),
  ]);
  const mask = g.node('Where', [visible, g.floats([], [0]), g.floats([], [-Infinity])]);

  // RoPE tables from the position ids.
  const half = headDim / 2;
  const frequencies = g.floats(
    [1, half, 1],
    Array.from({ length: half }, (_, i) => 10000 ** (-i / half)),
  );
  const positions = g.node('Cast', [g.node('Unsqueeze', ['position_ids', g.ints64([1], [1])])], {
    to: int(1),
  });
  const angles = g.node(
    'Transpose',
    [
      g.node('MatMul', [
        g.node('Expand', [
          frequencies,
          g.node('Concat', [batch, g.ints64([2], [half, 1])], { axis: int(0) }),
        ]),
        positions,
      ]),
    ],
    { perm: ints(0, 2, 1) },
  );
  const both = g.node('Concat', [angles, angles], { axis: int(-1) });
  const [cos, sin] = ['Cos', 'Sin'].map((op) =>
    g.node('Unsqueeze', [g.node(op, [both]), g.ints64([1], [1])]),
  ) as [string, string];
  const turn = (v: string): string => {
    const axis = g.ints64([1], [3]);
    const low = g.node('Slice', [v, g.ints64([1], [0]), g.ints64([1], [half]), axis]);
    const high = g.node('Slice', [v, g.ints64([1], [half]), g.ints64([1], [2 ** 63]), axis]);
    return g.node('Add', [
      g.node('Mul', [v, cos]),
      g.node('Mul', [g.node('Concat', [g.node('Neg', [high]), low], { axis: int(-1) }), sin]),
    ]);
  };

  for (let layer = 0; layer < layers; layer++) {
    const path = `model.layers.${layer}`;
    const h = norm(`${path}.input_layernorm`, x);
    const split = (v: string, n: number) =>
      g.node(
        'Transpose',
        [
          g.node('Reshape', [
            v,
            g.node('Concat', [batch, last, g.ints64([2], [n, headDim])], { axis: int(0) }),
          ]),
        ],
        { perm: ints(0, 2, 1, 3) },
      );
    const q = turn(
      split(
        linear({
          path: `${path}.self_attn.q_proj`,
          x: h,
          out: heads * headDim,
          from: hidden,
          bias: true,
        }),
        heads,
      ),
    );
    const k = turn(
      split(
        linear({
          path: `${path}.self_attn.k_proj`,
          x: h,
          out: kvHeads * headDim,
          from: hidden,
          bias: true,
        }),
        kvHeads,
      ),
    );
    const v = split(
      linear({ path: `${path}.self_attn.v_proj`, x: h, out: kvHeads * headDim, from: hidden }),
      kvHeads,
    );
    const repeat = (name: string, part: string, past: string): string => {
      g.nodes.push({
        name: '',
        op: 'Concat',
        domain: '',
        inputs: [past, part],
        outputs: [name],
        attributes: new Map([['axis', int(-2)]]),
      });
      const total = g.node('Gather', [g.node('Shape', [name]), g.ints64([1], [2])]);
      const wide = g.node('Expand', [
        g.node('Unsqueeze', [name, g.ints64([1], [2])]),
        g.node(
          'Concat',
          [batch, g.ints64([2], [kvHeads, heads / kvHeads]), total, g.ints64([1], [headDim])],
          { axis: int(0) },
        ),
      ]);
      return g.node('Reshape', [
        wide,
        g.node('Concat', [batch, g.ints64([1], [heads]), total, g.ints64([1], [headDim])], {
          axis: int(0),
        }),
      ]);
    };
    const keys = repeat(`present.${layer}.key`, k, `past_key_values.${layer}.key`);
    const values = repeat(`present.${layer}.value`, v, `past_key_values.${layer}.value`);
    const scores = g.node('Mul', [
      g.node('MatMul', [q, g.node('Transpose', [keys], { perm: ints(0, 1, 3, 2) })]),
      g.floats([], [headDim ** -0.5]),
    ]);
    const p = g.node('Softmax', [g.node('Add', [scores, mask])], { axis: int(-1) });
    const safe = g.node('Where', [g.node('IsNaN', [p]), g.floats([], [0]), p]);
    const joined = g.node('Reshape', [
      g.node('Transpose', [g.node('MatMul', [safe, values])], { perm: ints(0, 2, 1, 3) }),
      g.node('Concat', [batch, last, g.ints64([1], [-1])], { axis: int(0) }),
    ]);
    x = g.node('Add', [
      x,
      linear({ path: `${path}.self_attn.o_proj`, x: joined, out: hidden, from: heads * headDim }),
    ]);
    const m = norm(`${path}.post_attention_layernorm`, x);
    const gate = linear({ path: `${path}.mlp.gate_proj`, x: m, out: inner, from: hidden });
    const up = linear({ path: `${path}.mlp.up_proj`, x: m, out: inner, from: hidden });
    x = g.node('Add', [
      x,
      linear({
        path: `${path}.mlp.down_proj`,
        x: g.node('Mul', [g.node('Mul', [gate, g.node('Sigmoid', [gate])]), up]),
        out: hidden,
        from: inner,
      }),
    ]);
  }
  const tied = g.node('Transpose', [table], { perm: ints(1, 0) });
  g.nodes.push({
    name: '/lm_head/MatMul',
    op: 'MatMul',
    domain: '',
    inputs: [norm('model.norm', x), tied],
    outputs: ['logits'],
    attributes: new Map(),
  });
  return g.finish(layers, kvHeads, headDim, vocab);
}

const int = (value: number): Attribute => ({ type: 'int', value });
const ints = (...value: number[]): Attribute => ({ type: 'ints', value });

/** The decoder with soft-capped logits, as in some model families: 3·tanh(logits / 3). */
export function cappedDecoderGraph(): Graph {
  const graph = tinyDecoderGraph();
  const three = new Uint8Array(Float32Array.of(3).buffer);
  const tensor = { name: 'three', type: 'float32' as const, dims: [], bytes: three };
  const node = (op: string, inputs: string[], output: string) => ({
    name: output,
    op,
    domain: '',
    inputs,
    outputs: [output],
    attributes: new Map(),
  });
  const nodes = graph.nodes.map((n) => ({
    ...n,
    outputs: n.outputs.map((o) => (o === 'logits' ? 'raw' : o)),
  }));
  return {
    ...graph,
    initialisers: new Map([...graph.initialisers, ['three', tensor]]),
    nodes: [
      ...nodes,
      node('Div', ['raw', 'three'], 'small'),
      node('Tanh', ['small'], 'bent'),
      node('Mul', ['bent', 'three'], 'logits'),
    ],
  };
}

/** The decoder with a separate head, computed from the embedding [vocab, hidden] by `from`. */
export function untiedDecoderGraph(
  graph = tinyDecoderGraph(),
  from: (table: Float32Array) => Float32Array = (table) => table.map((v, i) => Math.cos(i) - v / 3),
): Graph {
  const { vocab, hidden } = tiny;
  const { bytes } = defined(graph.initialisers.get('model.embed_tokens.weight'));
  const name = 'onnx::MatMul_lm_head';
  const rows = from(new Float32Array(bytes.slice().buffer));
  const columns = Float32Array.from(
    { length: rows.length },
    (_, i) => rows[(i % vocab) * hidden + Math.floor(i / vocab)]!,
  );
  return {
    ...graph,
    initialisers: new Map([
      ...graph.initialisers,
      [
        name,
        { name, type: 'float32', dims: [hidden, vocab], bytes: new Uint8Array(columns.buffer) },
      ],
    ]),
    nodes: graph.nodes.map((n) =>
      n.name === '/lm_head/MatMul' ? { ...n, inputs: [elementAt(n.inputs, 0), name] } : n,
    ),
  };
}

class GraphMaker {
  readonly nodes: Node[] = [];
  private readonly initialisers = new Map<string, Tensor>();
  private readonly seed: number;
  private made = 0;

  constructor(seed: number) {
    this.seed = seed;
  }

  node(
    op: string,
    inputs: string[],
    attributes: Record<string, Attribute> = {},
    { name = '', domain = '' }: { name?: string; domain?: string } = {},
  ): string {
    const output = `t${this.made++}`;
    this.nodes.push({
      name: name || `/node_${this.nodes.length}`,
      op,
      domain,
      inputs,
      outputs: [output],
      attributes: new Map(Object.entries(attributes)),
    });
    return output;
  }

  floats(dims: number[], values: number[]): string {
    return this.tensor(`f${this.made++}`, 'float32', dims, Float32Array.from(values));
  }

  ints64(dims: number[], values: number[]): string {
    return this.tensor(
      `i${this.made++}`,
      'int64',
      dims,
      BigInt64Array.from(values, (v) => (v >= 2 ** 63 ? 2n ** 63n - 1n : BigInt(v))),
    );
  }

  /** A random weight with the given standard deviation. */
  normal(name: string, dims: number[], std: number, mean = 0): string {
    return this.tensor(
      name,
      'float32',
      dims,
      this.values(
        dims.reduce((a, b) => a * b, 1),
        std,
        mean,
      ),
    );
  }

  /** A product with a random weight rounded to 4 bits, in blocks of 16. */
  product4(path: string, x: string, N: number, K: number): string {
    const block = 16;
    const blocks = Math.ceil(K / block);
    const w = this.values(N * K, K ** -0.5, 0);
    const packed = new Uint8Array((N * blocks * block) / 2).fill(0x88);
    const scales = new Float32Array(N * blocks);
    for (let n = 0; n < N; n++) {
      for (let b = 0; b < blocks; b++) {
        const row = w.subarray(n * K + b * block, Math.min((n + 1) * K, n * K + (b + 1) * block));
        const scale = Math.max(...row.map(Math.abs)) / 7;
        const at = n * blocks + b;
        scales[at] = scale;
        row.forEach((v, i) => {
          const code = Math.round(v / scale) + 8;
          const byte = at * (block / 2) + (i >> 1);
          packed[byte] =
            i & 1 ? (packed[byte]! & 0x0f) | (code << 4) : (packed[byte]! & 0xf0) | code;
        });
      }
    }
    const name = `onnx::MatMul_${path}`;
    return this.node(
      'MatMulNBits',
      [
        x,
        this.tensor(`${name}_Q4`, 'uint8', [N, blocks, block / 2], packed),
        this.tensor(`${name}_scales`, 'float32', [N, blocks], scales),
      ],
      { K: int(K), N: int(N), bits: int(4), block_size: int(block) },
      { name: `/${path.replace(/\.(?!\d)/g, '/')}/MatMul_Q4`, domain: 'com.microsoft' },
    );
  }

  finish(layers: number, kvHeads: number, headDim: number, vocab: number): Graph {
    const ids = (name: string): ValueInfo => ({
      name,
      type: 'int64',
      dims: ['batch_size', 'sequence_length'],
    });
    const cache = (kind: string): ValueInfo[] =>
      Array.from({ length: layers }, (_, i) =>
        ['key', 'value'].map((part): ValueInfo => ({
          name: `${kind}.${i}.${part}`,
          type: 'float32',
          dims: ['batch_size', kvHeads, `${kind}_length`, headDim],
        })),
      ).flat();
    return {
      file: 'tiny.onnx',
      producer: 'test',
      irVersion: 8,
      opsets: new Map([
        ['', 14],
        ['com.microsoft', 1],
      ]),
      nodes: this.nodes,
      initialisers: this.initialisers,
      inputs: [
        ids('input_ids'),
        ids('attention_mask'),
        ids('position_ids'),
        ...cache('past_key_values'),
      ],
      outputs: [
        { name: 'logits', type: 'float32', dims: ['batch_size', 'sequence_length', vocab] },
        ...cache('present'),
      ],
    };
  }

  private values(n: number, std: number, mean: number): Float32Array {
    return fillNormal(
      streamKeys(this.seed, this.initialisers.size, 0),
      new Float32Array(n),
      0,
      std,
    ).map((v) => v + mean);
  }

  private tensor(
    name: string,
    type: Tensor['type'],
    dims: number[],
    data: ArrayBufferView,
  ): string {
    this.initialisers.set(name, {
      name,
      type,
      dims,
      bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    });
    return name;
  }
}
