/**
 * Every format against onnxruntime's own operator: the reader must give identical float32 values.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import * as ort from 'onnxruntime-web';
import { beforeAll, describe, expect, test } from 'vitest';
import { defined } from '../checked.ts';
import { fixturePath } from '../../test/fixtures.ts';
import { compile } from '../compiler/index.ts';
import type { ModuleWeight, TensorType, WeightTensor } from '../compiler/compiled.ts';
import type { WeightFormat } from '../compiler/modules.ts';
import { mix } from '../device/random.ts';
import { writeGraph } from '../onnx/write.ts';
import type { Attribute, Node, Tensor } from '../onnx/graph.ts';
import { readGraph } from '../onnx/read.ts';
import { nodeFiles } from './node-files.ts';
import { openModel } from './repository.ts';
import { dequantise, weightStd } from './weights.ts';

beforeAll(() => {
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = 'error';
});

const bytesOf = (a: ArrayBufferView) => new Uint8Array(a.buffer, a.byteOffset, a.byteLength);
/** At an odd offset, as views of a file may be. */
const unaligned = (bytes: Uint8Array) => {
  const out = new Uint8Array(bytes.length + 1);
  out.set(bytes, 1);
  return out.subarray(1);
};
const tensor = (
  name: string,
  type: TensorType,
  dims: number[],
  data: ArrayBufferView,
): WeightTensor => ({ name, type, dims, bytes: unaligned(bytesOf(data)) });
const random = (n: number, seed: number) =>
  Uint8Array.from({ length: n }, (_, i) => mix(i * 31 + seed) & 255);
const scales = (n: number) =>
  Float32Array.from({ length: n }, (_, i) => (mix(i + 7) / 2 ** 32 - 0.4) * 0.3);
/** Scales that float16 represents exactly: random bits of finite numbers. */
const halfScales = (n: number) =>
  Uint16Array.from({ length: n }, (_, i) => (mix(i + 3) & 0x83ff) | 0x2800);

/**
 * The weight as the runtime computes it: the identity times the product gives Wᵀ. `weight` holds
 * the node's inputs after the identity.
 */
async function byRuntime({
  op,
  weight,
  attributes,
  n,
  k,
}: {
  op: string;
  weight: WeightTensor[];
  attributes: Record<string, number>;
  n: number;
  k: number;
}): Promise<Float32Array> {
  const eye = new Float32Array(k * k);
  for (let i = 0; i < k; i++) eye[i * k + i] = 1;
  const int = (value: number): Attribute => ({ type: 'int', value });
  const node: Node = {
    name: 'n',
    op,
    domain: 'com.microsoft',
    inputs: ['x', ...weight.map((t) => t.name)],
    outputs: ['y'],
    attributes: new Map(
      Object.entries({ ...attributes, K: k, N: n }).map(([key, v]) => [key, int(v)]),
    ),
  };
  const model = writeGraph({
    file: 't',
    producer: 't',
    irVersion: 8,
    opsets: new Map([
      ['', 17],
      ['com.microsoft', 1],
    ]),
    nodes: [node],
    initialisers: new Map(weight.map((t) => [t.name, t as Tensor])),
    inputs: [{ name: 'x', type: 'float32', dims: [k, k] }],
    outputs: [{ name: 'y', type: 'float32', dims: [k, n] }],
  });
  const session = await ort.InferenceSession.create(model);
  const { y } = await session.run({ x: new ort.Tensor('float32', eye, [k, k]) });
  await session.release();
  const t = defined(y).data as Float32Array;
  return Float32Array.from({ length: n * k }, (_, i) => t[(i % k) * n + Math.floor(i / k)]!);
}

/** A weight whose module uses rows `[rowOffset, rowOffset + outFeatures)` of `rows`. */
const module = ({
  format,
  tensors,
  rows,
  inFeatures,
  more = {},
}: {
  format: WeightFormat;
  tensors: WeightTensor[];
  rows: number;
  inFeatures: number;
  more?: Partial<ModuleWeight>;
}): ModuleWeight => ({
  format,
  tensors,
  transposed: false,
  rowOffset: 0,
  rows,
  inFeatures,
  outFeatures: rows,
  bias: null,
  ...more,
});

/**
 * Compares the reader, on all rows and on some, and its statistics with `expected` [rows,
 * inFeatures].
 */
function check(weight: ModuleWeight, expected: Float32Array): void {
  const { rows, inFeatures } = weight;
  const unsigned = (x: Float32Array) => x.map((v) => v + 0); // a sum of products turns −0 into 0
  expect(unsigned(dequantise(weight))).toEqual(unsigned(expected));
  const part = { ...weight, rowOffset: 1, outFeatures: rows - 2 };
  const own = expected.subarray(inFeatures, (rows - 1) * inFeatures);
  expect(unsigned(dequantise(part))).toEqual(unsigned(own));
  const mean = own.reduce((a, b) => a + b, 0) / own.length;
  const std = Math.sqrt(own.reduce((a, b) => a + (b - mean) ** 2, 0) / own.length);
  expect(Math.abs(weightStd(part) - std)).toBeLessThanOrEqual(1e-12 * std);
}

describe('MatMulNBits weights are dequantised by their definition', () => {
  const rows = 6;
  test.for<[2 | 4 | 8, number, number, boolean]>([
    [4, 32, 96, false],
    [4, 32, 96, true],
    [4, 32, 80, true],
    [4, 16, 40, true],
    [4, 128, 100, false],
    [8, 32, 64, false],
    [8, 32, 80, true],
    [2, 32, 64, false],
    [2, 32, 80, true],
  ])('%i bits, blocks of %i, K %i, zero points %s', async ([bits, block, k, zeroPoints]) => {
    const blocks = Math.ceil(k / block);
    const tensors = [
      tensor(
        'q',
        'uint8',
        [rows, blocks, (block * bits) / 8],
        random((rows * blocks * block * bits) / 8, bits),
      ),
      tensor('s', 'float32', [rows * blocks], scales(rows * blocks)),
    ];
    const zeroBytes = rows * Math.ceil((blocks * bits) / 8);
    if (zeroPoints) tensors.push(tensor('z', 'uint8', [zeroBytes], random(zeroBytes, 99)));
    const weight = module({
      format: { kind: 'nbits', bits, block, zeroPoints },
      tensors,
      rows,
      inFeatures: k,
    });
    check(
      weight,
      await byRuntime({
        op: 'MatMulNBits',
        weight: tensors,
        attributes: { bits, block_size: block },
        n: rows,
        k,
      }),
    );
  });

  test('with float16 scales, [rows, blocks] or flat, and zero points stored as numbers', () => {
    const q = tensor('q', 'uint8', [rows, 2, 8], random(rows * 16, 1));
    const s = halfScales(rows * 2);
    const z = Float32Array.from({ length: rows * 2 }, (_, i) => i + 0.5);
    const half = (bits: number) =>
      (bits & 0x8000 ? -1 : 1) * (1 + (bits & 1023) / 1024) * 2 ** (((bits >> 10) & 31) - 15);
    const bytes = bytesOf(q.bytes);
    const expected = Float32Array.from(
      { length: rows * 32 },
      (_, i) => (((bytes[i >> 1]! >> (i & 1 ? 4 : 0)) & 15) - z[i >> 4]!) * half(s[i >> 4]!),
    );
    for (const dims of [[rows * 2], [rows, 2]]) {
      check(
        module({
          format: { kind: 'nbits', bits: 4, block: 16, zeroPoints: true },
          tensors: [q, tensor('s', 'float16', dims, s), tensor('z', 'float32', dims, z)],
          rows,
          inFeatures: 32,
        }),
        expected,
      );
    }
  });
});

describe('MatMulBnb4 weights are dequantised by their definition', () => {
  test.for<['nf4' | 'fp4', number, number]>([
    ['nf4', 16, 32],
    ['nf4', 64, 48],
    ['fp4', 16, 32],
    ['fp4', 64, 48],
  ])('%s, blocks of %i, K %i', async ([codebook, block, k]) => {
    const rows = 8;
    const count = rows * k;
    const tensors = [
      tensor('q', 'uint8', [count / 2], random(count / 2, 5)),
      tensor(
        'a',
        'float32',
        [Math.ceil(count / block)],
        scales(Math.ceil(count / block)).map(Math.abs),
      ),
    ];
    const expected = await byRuntime({
      op: 'MatMulBnb4',
      weight: tensors,
      attributes: { block_size: block, quant_type: codebook === 'fp4' ? 0 : 1 },
      n: rows,
      k,
    });
    check(
      module({ format: { kind: 'bnb4', block, codebook }, tensors, rows, inFeatures: k }),
      expected,
    );
  });
});

describe('float and int8 weights are read in both orientations', () => {
  const rows = 5;
  const k = 7;
  const values = scales(rows * k);
  const transposed = (a: Float32Array) =>
    Float32Array.from({ length: rows * k }, (_, i) => a[(i % rows) * k + Math.floor(i / rows)]!);

  test('float32', () => {
    check(
      module({
        format: { kind: 'float32' },
        tensors: [tensor('w', 'float32', [rows, k], values)],
        rows,
        inFeatures: k,
      }),
      values,
    );
    check(
      module({
        format: { kind: 'float32' },
        tensors: [tensor('w', 'float32', [k, rows], transposed(values))],
        rows,
        inFeatures: k,
        more: { transposed: true },
      }),
      values,
    );
  });

  test('float16', () => {
    const bits = halfScales(rows * k);
    const exact = Float32Array.from(
      bits,
      (h) => (h & 0x8000 ? -1 : 1) * (1 + (h & 1023) / 1024) * 2 ** (((h >> 10) & 31) - 15),
    );
    check(
      module({
        format: { kind: 'float16' },
        tensors: [tensor('w', 'float16', [rows, k], bits)],
        rows,
        inFeatures: k,
      }),
      exact,
    );
  });

  test.for<['int8' | 'uint8', boolean]>([
    ['int8', true],
    ['int8', false],
    ['uint8', true],
    ['uint8', false],
  ])('%s, one scale per column: %s', ([type, perColumn]) => {
    const stored = random(rows * k, 8);
    const zero = random(rows, 4);
    const s = scales(rows);
    const n = perColumn ? rows : 1;
    const signed = (b: number) => (type === 'int8' ? (b << 24) >> 24 : b);
    const expected = Float32Array.from({ length: rows * k }, (_, i) => {
      const out = Math.floor(i / k);
      const column = perColumn ? out : 0;
      return (signed(stored[(i % k) * rows + out]!) - signed(zero[column]!)) * s[column]!;
    });
    const tensors = [
      tensor('w', type, [k, rows], stored),
      tensor('s', 'float32', perColumn ? [n] : [], s.slice(0, n)),
      tensor('z', type, perColumn ? [n] : [], zero.slice(0, n)),
    ];
    check(
      module({
        format: { kind: 'int8' },
        tensors,
        rows,
        inFeatures: k,
        more: { transposed: true },
      }),
      expected,
    );
  });
});

test('the deviation of a constant matrix is exactly 0, and right with large offsets', () => {
  const of = (values: Float32Array) =>
    weightStd(
      module({
        format: { kind: 'float32' },
        tensors: [tensor('w', 'float32', [1, values.length], values)],
        rows: 1,
        inFeatures: values.length,
      }),
    );
  expect(of(new Float32Array(100).fill(0.1))).toBe(0);
  fc.assert(
    fc.property(fc.float({ min: -1e6, max: 1e6, noNaN: true }), (offset) => {
      const base = Math.fround(offset);
      const step = 2 ** -3;
      const values = Float32Array.of(base, base + step);
      expect(of(values)).toBeCloseTo(Math.abs(values[1]! - values[0]!) / 2, 12);
    }),
  );
});

test('a weight with too few bytes is refused', () => {
  const short = module({
    format: { kind: 'nbits', bits: 4, block: 32, zeroPoints: false },
    tensors: [
      tensor('q', 'uint8', [4, 1, 16], new Uint8Array(32)),
      tensor('s', 'float32', [4], scales(4)),
    ],
    rows: 4,
    inFeatures: 32,
  });
  expect(() => dequantise(short)).toThrow('weight q has 32 of 64 bytes');
  expect(() => weightStd({ ...short, tensors: short.tensors.slice(0, 1) })).toThrow();
});

describe('the modules of real exports have the weights of PyTorch', () => {
  const compiled = async (folder: string, dtype: string) => {
    const open = await openModel(await nodeFiles(fixturePath('exports', folder)), { dtype });
    const model = compile(
      await readGraph(open.graph, {
        file: open.graphFile,
        external: (name) => open.external.get(name),
      }),
    );
    expect(model.modules.length).toBe(21);
    return model;
  };
  const ofFloat32 = async () => {
    const model = await compiled('llama', 'fp32');
    return new Map(
      model.modules.map(({ index, path }) => [path, dequantise(model.weightOf(index))]),
    );
  };

  test('llama fp32, in every bit', async () => {
    const hashes = Object.fromEntries(
      [...(await ofFloat32())].map(([path, { buffer, byteOffset, byteLength }]) => [
        path,
        createHash('sha256')
          .update(new Uint8Array(buffer, byteOffset, byteLength))
          .digest('hex'),
      ]),
    );
    expect(hashes).toEqual(
      JSON.parse(readFileSync(fixturePath('references', 'llama_weights.json'), 'utf8')),
    );
  });

  test.for<[string, string, number]>([
    ['llama', 'fp16', 2 ** -11],
    ['llama-genai-fp16', 'fp16', 2 ** -11],
    // half a step of the quantiser: 1/15 or 1/7 of the block's range for 4 bits, 1/254 of the
    // column's for 8
    ['llama', 'q4', 0.15],
    ['llama', 'q4_zp', 0.07],
    ['llama', 'q4_b128', 0.15],
    ['llama', 'bnb4', 0.16],
    ['llama', 'quantized', 0.01],
    ['llama-genai-int4-cpu', 'q4', 0.15],
  ])('%s %s', async ([folder, dtype, tolerance]) => {
    const pyTorch = await ofFloat32();
    const model = await compiled(folder, dtype);
    for (const { index, path } of model.modules) {
      const own = dequantise(model.weightOf(index));
      const theirs = defined(pyTorch.get(path));
      const scale = tolerance < 0.001 ? 0 : theirs.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
      const worst = theirs.reduce(
        (a, b, i) => Math.max(a, Math.abs(b - own[i]!) - tolerance * (scale || Math.abs(b))),
        -Infinity,
      );
      expect(own.length).toBe(theirs.length);
      expect(worst, path).toBeLessThanOrEqual(1e-7);
    }
  });
});
