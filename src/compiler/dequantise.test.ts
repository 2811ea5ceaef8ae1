/** Compares weights dequantised in the graph with the kernels that read them packed. */
import { expect, test, vi } from 'vitest';
import { defined, elementAt } from '../checked.ts';
import { difference, runPiece, type Result } from '../../test/pipeline.ts';
import { fillNormal, mix, streamKeys } from '../device/random.ts';
import type { Attribute, Tensor } from '../onnx/graph.ts';
import { writeGraph } from '../onnx/write.ts';
import { Builder } from './builder.ts';
import { floatProduct } from './dequantise.ts';
import { planPiece } from './pieces.ts';
import { Clash, type ComputedValue, type Value, type WeightValue } from './value.ts';

// Starting the runtime takes seconds on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const int = (value: number): Attribute => ({ type: 'int', value });
const ROWS = 5;
const N = 6;

const weight = (tensor: Tensor): WeightValue => ({
  kind: 'weight',
  type: tensor.type,
  dims: tensor.dims,
  tensor,
});
const floats = (name: string, dims: number[], data: Float32Array): WeightValue =>
  weight({ name, type: 'float32', dims, bytes: new Uint8Array(data.buffer) });
const bytes = (name: string, ...dims: number[]): WeightValue =>
  weight({
    name,
    type: 'uint8',
    dims,
    bytes: Uint8Array.from({ length: dims.reduce((n, d) => n * d) }, (_, i) =>
      mix(i + name.length),
    ),
  });
const random = (n: number, stream: number) =>
  fillNormal(streamKeys(5, stream, 0), new Float32Array(n), 0, 1);

/**
 * Returns the largest difference between the packed product and the float products, from 4-bit
 * numbers and from bytes, and the names of the bound weights.
 */
async function compare(
  op: string,
  K: number,
  weights: (WeightValue | null)[],
  attributes: Record<string, Attribute>,
) {
  const b = new Builder('a.onnx', 1, 1);
  const x = b.leaf({ type: 'float32', dims: [ROWS, K] }, false);
  const inputs: (Value | null)[] = [x, ...weights];
  const packed = b.build(op, op, inputs, {
    domain: 'com.microsoft',
    attributes: { K: int(K), N: int(N), ...attributes },
  })[0] as ComputedValue;
  const [float, fromBytes] = [true, false].map((uint4) =>
    defined(floatProduct(b, defined(packed.step), inputs, uint4)),
  ) as [Value, Value];
  const opsets = new Map([['', 21]]);
  const feed: Result = { dims: [ROWS, K], data: random(ROWS * K, 9) };
  const results = await Promise.all(
    [packed, float, fromBytes].map(async (value) => {
      const { graph, weights } = planPiece({
        opsets,
        inputs: [['x', x]],
        outputs: [{ name: 'y', value, dims: [ROWS, N] }],
      });
      const { y } = await runPiece(
        { model: writeGraph(graph), inputs: ['x'], outputs: ['y'], weights },
        [feed],
      );
      return { y: defined(y).data, weights: [...weights.values()] };
    }),
  );
  expect(Math.max(...elementAt(results, 0).y)).toBeGreaterThan(0.1);
  return {
    error: Math.max(
      ...[1, 2].map((i) => difference(elementAt(results, 0).y, elementAt(results, i).y)),
    ),
    weights: elementAt(results, 1).weights,
  };
}

test.each([
  [4, 64, 32, false],
  [4, 64, 32, true],
  [4, 96, 32, false],
  [4, 96, 32, true],
  [4, 40, 16, true],
  [4, 40, 32, false],
  [4, 16, 16, true],
  [8, 64, 32, false],
  [8, 64, 32, true],
  [8, 96, 32, true],
  [8, 40, 16, true],
  [2, 64, 32, false],
  [2, 64, 16, true],
  [2, 96, 32, true],
] as const)(
  'dequantised in the graph as in TypeScript: MatMulNBits of %i bits, K %i, blocks of %i, zero points: %s',
  async (bits, K, block, zeros) => {
    const blocks = Math.ceil(K / block);
    const { error, weights } = await compare(
      'MatMulNBits',
      K,
      [
        bytes('packed', N, blocks, (block * bits) / 8),
        floats(
          'scales',
          [N * blocks],
          random(N * blocks, 1).map((s) => s / 8),
        ),
        zeros ? bytes('zeros', N * Math.ceil((blocks * bits) / 8)) : null,
      ],
      { bits: int(bits), block_size: int(block) },
    );
    expect(error).toBeLessThan(2e-5);
    // Nothing is copied: the bound weights are the file's bytes.
    expect(weights.map((w) => w.viewOf ?? w.name).sort()).toEqual([
      'packed',
      'scales',
      ...(zeros ? ['zeros'] : []),
    ]);
  },
);

test.each([
  [0, 64, 64],
  [1, 64, 64],
  [1, 64, 32],
  [1, 40, 64],
  [1, 37, 16],
] as const)(
  'dequantised in the graph as in TypeScript: MatMulBnb4 of type %i, K %i, blocks of %i',
  async (type, K, block) => {
    const blocks = Math.ceil((N * K) / block);
    const { error } = await compare(
      'MatMulBnb4',
      K,
      [
        bytes('packed', Math.ceil((N * K) / 2)),
        floats('absmax', [blocks], random(blocks, 1).map(Math.abs)),
      ],
      { block_size: int(block), quant_type: int(type) },
    );
    expect(error).toBeLessThan(2e-5);
  },
);

test('a bias inside the product is preserved, and computed weights are refused', async () => {
  const weights = [bytes('packed', N, 2, 16), floats('scales', [N * 2], random(N * 2, 1))];
  const { error } = await compare(
    'MatMulNBits',
    64,
    [...weights, null, null, floats('bias', [N], random(N, 2))],
    { bits: int(4), block_size: int(32) },
  );
  expect(error).toBeLessThan(2e-4);
  const b = new Builder('a.onnx', 1, 1);
  const x = b.leaf({ type: 'float32', dims: [ROWS, 64] }, false);
  const inputs = [x, b.leaf({ type: 'uint8', dims: [N, 2, 16] }, false), elementAt(weights, 1)];
  const y = b.build('', 'MatMulNBits', inputs, {
    domain: 'com.microsoft',
    attributes: { K: int(64), N: int(N), bits: int(4), block_size: int(32) },
  })[0] as ComputedValue;
  expect(() => floatProduct(b, defined(y.step), inputs, true)).toThrow(Clash);
});
