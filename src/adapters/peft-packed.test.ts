/**
 * Packed and separate projections: every row of W changes by the same s·B·A as in the model that
 * the adapter was trained on.
 */
import { describe, expect, test } from 'vitest';
import { defined, elementAt } from '../checked.ts';
import { configOf, safetensorsOf, type HandTensor } from '../../test/adapter-files.ts';
import type { ModuleInfo } from '../compiler/modules.ts';
import { fillNormal, streamKeys } from '../device/random.ts';
import { importPeft, type PeftImport } from './peft.ts';

const WIDTH = 6;
const module = (index: number, path: string, outFeatures: number): ModuleInfo => ({
  index,
  path,
  layer: 0,
  role: 'other',
  group: 'other',
  inFeatures: WIDTH,
  outFeatures,
  format: { kind: 'float32' },
  hasBias: false,
  bytes: 0,
});
const stem = 'model.layers.0';
/** Grouped-query attention: q is wider than k and v. */
const rows = {
  'self_attn.q_proj': 8,
  'self_attn.k_proj': 4,
  'self_attn.v_proj': 4,
  'mlp.gate_proj': 5,
  'mlp.up_proj': 5,
};
const apart = Object.entries(rows).map(([name, out], i) => module(i, `${stem}.${name}`, out));
const packed = [
  module(0, `${stem}.self_attn.qkv_proj`, 16),
  module(1, `${stem}.mlp.gate_up_proj`, 10),
];

const normal = (stream: number, count: number) =>
  Array.from(fillNormal(streamKeys(7, stream, 0), new Float32Array(count)));
interface Made {
  name: string;
  rank: number;
  out: number;
  a: number[];
  b: number[];
}
const made = (name: string, rank: number, out: number): Made => ({
  name,
  rank,
  out,
  a: normal(name.length + rank, rank * WIDTH),
  b: normal(name.length * 31 + rank, out * rank),
});
function files(adapters: readonly Made[], settings: object) {
  const tensors: Record<string, HandTensor> = {};
  for (const { name, rank, out, a, b } of adapters) {
    tensors[`base_model.model.${stem}.${name}.lora_A.weight`] = { shape: [rank, WIDTH], values: a };
    tensors[`base_model.model.${stem}.${name}.lora_B.weight`] = { shape: [out, rank], values: b };
  }
  return {
    config: configOf({
      target_modules: adapters.map((a) => a.name.split('.')[1]),
      rank_pattern: Object.fromEntries(adapters.map((a) => [a.name, a.rank])),
      ...settings,
    }),
    weights: safetensorsOf(tensors),
  };
}
/** s·B·A in float64, [out, WIDTH]. */
const dense = ({
  scale,
  rank,
  out,
  a,
  b,
}: {
  scale: number;
  rank: number;
  out: number;
  a: ArrayLike<number>;
  b: ArrayLike<number>;
}): number[] =>
  Array.from({ length: out * WIDTH }, (_, i) => {
    let sum = 0;
    for (let r = 0; r < rank; r++)
      sum += b[Math.floor(i / WIDTH) * rank + r]! * a[r * WIDTH + (i % WIDTH)]!;
    return scale * sum;
  });
/** The update of every module by an import; zeros for unadapted modules. */
const changes = ({ adapters, scale }: PeftImport, modules: readonly ModuleInfo[]): number[][] =>
  modules.map(({ index, outFeatures }) => {
    const found = adapters.find((a) => a.module === index);
    return found
      ? dense({
          scale: scale(index),
          rank: found.rank,
          out: outFeatures,
          a: found.loraA,
          b: found.loraB,
        })
      : Array<number>(outFeatures * WIDTH).fill(0);
  });
const close = (got: readonly number[], want: readonly number[]) => {
  expect(got).toHaveLength(want.length);
  expect(Math.max(...got.map((x, i) => Math.abs(x - want[i]!)))).toBeLessThan(1e-6);
};
const read = (adapters: readonly Made[], modules: readonly ModuleInfo[], settings: object = {}) => {
  const { config, weights } = files(adapters, settings);
  return importPeft(config, weights, modules);
};

describe.for([false, true])('use_rslora %s', (rsLora) => {
  const scale = (alpha: number, rank: number) => alpha / (rsLora ? Math.sqrt(rank) : rank);
  const settings = { use_rslora: rsLora, lora_alpha: 6 };

  test('a packed adapter on separate modules shares A and splits the rows of B', () => {
    const qkv = made('self_attn.qkv_proj', 3, 16);
    const gateUp = made('mlp.gate_up_proj', 2, 10);
    const back = read([qkv, gateUp], apart, settings);
    const got = changes(back, apart);
    close(
      got.slice(0, 3).flat(),
      dense({ scale: scale(6, 3), rank: 3, out: 16, a: qkv.a, b: qkv.b }),
    );
    close(
      got.slice(3).flat(),
      dense({ scale: scale(6, 2), rank: 2, out: 10, a: gateUp.a, b: gateUp.b }),
    );
    expect(back.notes).toEqual([expect.stringContaining('packed')]);
  });

  test('separate adapters on packed modules have the sum of their ranks, each on its rows', () => {
    const parts = [
      made('self_attn.q_proj', 3, 8),
      made('self_attn.k_proj', 1, 4),
      made('self_attn.v_proj', 2, 4),
      made('mlp.gate_proj', 2, 5),
      made('mlp.up_proj', 4, 5),
    ];
    const alphas: Record<string, number> = {
      q_proj: 6,
      k_proj: -3,
      v_proj: 0.5,
      gate_proj: 7,
      up_proj: 0,
    };
    const back = read(parts, packed, { ...settings, alpha_pattern: alphas });
    const got = changes(back, packed);
    const want = parts.map((p) =>
      dense({
        scale: scale(defined(alphas[elementAt(p.name.split('.'), 1)]), p.rank),
        rank: p.rank,
        out: p.out,
        a: p.a,
        b: p.b,
      }),
    );
    close(elementAt(got, 0), want.slice(0, 3).flat());
    close(elementAt(got, 1), want.slice(3).flat());
    expect(back.adapters.map((a) => a.rank)).toEqual([6, 6]);
  });
});

test.for<[string, Made[]]>([
  ['q and v', [made('self_attn.q_proj', 2, 8), made('self_attn.v_proj', 2, 4)]],
  ['q', [made('self_attn.q_proj', 2, 8)]],
  ['k', [made('self_attn.k_proj', 2, 4)]],
  ['v', [made('self_attn.v_proj', 2, 4)]],
  ['up', [made('mlp.up_proj', 2, 5)]],
])('an adapter of only %s on packed modules leaves the other rows unchanged', ([, parts]) => {
  const got = changes(read(parts, packed), packed).flat();
  const want = Object.entries(rows).flatMap(([name, out]) => {
    const part = parts.find((p) => p.name === name);
    return part
      ? dense({ scale: 8 / part.rank, rank: part.rank, out, a: part.a, b: part.b })
      : Array<number>(out * WIDTH).fill(0);
  });
  close(got, want);
});

test('a packed adapter at half its ranks is every part at half its ranks', () => {
  const parts = [
    made('self_attn.q_proj', 4, 8),
    made('self_attn.k_proj', 2, 4),
    made('self_attn.v_proj', 2, 4),
  ];
  const {
    adapters: [whole],
    scale,
  } = read(parts, packed, {
    use_rslora: false,
    alpha_pattern: { q_proj: 4, k_proj: 2, v_proj: 2 },
  });
  const { rank, loraA, loraB } = defined(whole);
  const half = rank / 2;
  const cut = Array.from(
    { length: 16 * half },
    (_, i) => loraB[Math.floor(i / half) * rank + (i % half)]!,
  );
  const want = parts.flatMap((p) => {
    const halfRank = p.rank / 2;
    return dense({
      scale: 1,
      rank: halfRank,
      out: p.out,
      a: p.a,
      b: Array.from(
        { length: p.out * halfRank },
        (_, i) => p.b[Math.floor(i / halfRank) * p.rank + (i % halfRank)]!,
      ),
    });
  });
  close(dense({ scale: scale(0), rank: half, out: 16, a: loraA, b: cut }), want);
});

test('an adapter of all linear layers is complete on packed and on separate modules', () => {
  const settings = { target_modules: 'all-linear' };
  expect(
    read([made('self_attn.qkv_proj', 2, 16), made('mlp.gate_up_proj', 2, 10)], apart, settings)
      .adapters,
  ).toHaveLength(5);
  expect(
    read(
      Object.entries(rows).map(([name, out]) => made(name, 2, out)),
      packed,
      settings,
    ).adapters,
  ).toHaveLength(2);
});

test.for<[string, string, readonly ModuleInfo[], Made[], object]>([
  ['rows that do not add up', 'adapter-model', apart, [made('self_attn.qkv_proj', 2, 18)], {}],
  [
    'rows that do not add up, packed',
    'adapter-model',
    packed,
    [made('self_attn.q_proj', 2, 9)],
    {},
  ],
  [
    'k wider than v',
    'adapter-model',
    packed,
    [made('self_attn.k_proj', 2, 4), made('self_attn.v_proj', 2, 5)],
    {},
  ],
  ['half of gate_up, too wide', 'adapter-model', packed, [made('mlp.gate_proj', 2, 6)], {}],
  [
    'packed and apart at once',
    'adapter-pair',
    apart,
    [made('self_attn.qkv_proj', 2, 16), made('self_attn.q_proj', 2, 8)],
    {},
  ],
  [
    'packed and a part at once',
    'adapter-pair',
    packed,
    [made('self_attn.qkv_proj', 2, 16), made('self_attn.q_proj', 2, 8)],
    {},
  ],
  [
    'a part that is named but has no weights',
    'adapter-pair',
    packed,
    [made('self_attn.q_proj', 2, 8)],
    { target_modules: ['q_proj', 'v_proj'] },
  ],
  [
    'a packed module that is named but has no weights',
    'adapter-pair',
    apart,
    [made('self_attn.qkv_proj', 2, 16)],
    { target_modules: ['qkv_proj', 'gate_up_proj'] },
  ],
])('refuses a packed adapter: %s', ([, code, modules, adapters, settings]) => {
  expect(() => read(adapters, modules, settings)).toThrow(expect.objectContaining({ code }));
});
