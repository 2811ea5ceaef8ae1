/**
 * Compares packed products before and after conversion to the kernel's forms, by dequantising both.
 */
import { expect, test } from 'vitest';
import { defined } from '../checked.ts';
import { mix } from '../device/random.ts';
import { dequantise } from '../model/weights.ts';
import type { Attribute, Graph, Tensor } from '../onnx/graph.ts';
import { inKernelForms, misfitsKernel } from './blocks.ts';
import type { WeightTensor } from './compiled.ts';

const N = 3;
const int = (value: number): Attribute => ({ type: 'int', value });
const bytes = (n: number, seed: number) =>
  Uint8Array.from({ length: n }, (_, i) => mix(i * 31 + seed) & 255);

function graphOf(K: number, block: number, bits: 2 | 4 | 8, zeros: boolean): Graph {
  const blocks = Math.ceil(K / block);
  const scales = Float32Array.from({ length: N * blocks }, (_, i) => (mix(i) % 1000) / 1000 - 0.4);
  const tensors: Tensor[] = [
    {
      name: 'q',
      type: 'uint8',
      dims: [N, blocks, (block * bits) / 8],
      bytes: bytes((N * blocks * block * bits) / 8, 1),
    },
    { name: 's', type: 'float32', dims: [N, blocks], bytes: new Uint8Array(scales.buffer) },
    ...(zeros
      ? [
          {
            name: 'z',
            type: 'uint8' as const,
            dims: [N * Math.ceil((blocks * bits) / 8)],
            bytes: bytes(N * Math.ceil((blocks * bits) / 8), 2),
          },
        ]
      : []),
  ];
  const attributes = new Map(
    Object.entries({ K: int(K), N: int(N), bits: int(bits), block_size: int(block) }),
  );
  return {
    file: 'a.onnx',
    producer: '',
    irVersion: 10,
    opsets: new Map([
      ['', 21],
      ['com.microsoft', 1],
    ]),
    initialisers: new Map(tensors.map((t) => [t.name, t])),
    nodes: [
      {
        name: 'n',
        op: 'MatMulNBits',
        domain: 'com.microsoft',
        inputs: ['x', ...tensors.map((t) => t.name)],
        outputs: ['y'],
        attributes,
      },
    ],
    inputs: [{ name: 'x', type: 'float32', dims: [1, K] }],
    outputs: [{ name: 'y', type: 'float32', dims: [1, N] }],
  };
}

function weightIn(graph: Graph): { block: number; values: Float32Array } {
  const [node] = graph.nodes;
  const at = (name: string) => (defined(node).attributes.get(name) as { value: number }).value;
  const tensors = defined(node)
    .inputs.slice(1)
    .map((name) => defined(graph.initialisers.get(name)) as WeightTensor);
  const block = at('block_size');
  const inFeatures = at('K');
  const format = {
    kind: 'nbits',
    bits: at('bits') as 4,
    block,
    zeroPoints: tensors.length > 2,
  } as const;
  return {
    block,
    values: dequantise({
      format,
      tensors,
      transposed: false,
      rowOffset: 0,
      rows: N,
      inFeatures,
      outFeatures: N,
      bias: null,
    }),
  };
}

test.each([
  [1024, 512, 4, true],
  [1100, 512, 4, true],
  [700, 512, 4, false],
  [1100, 512, 8, true],
  [1800, 512, 2, true],
  [2100, 1024, 4, true],
  [40, 65536, 4, true],
] as const)(
  'the kernel’s form gives the same product: K %i in blocks of %i, %i bits, zero points: %s',
  (K, block, bits, zeros) => {
    const graph = graphOf(K, block, bits, zeros);
    const made = inKernelForms(graph);
    expect([misfitsKernel(graph), misfitsKernel(made)]).toEqual([true, false]);
    expect(weightIn(made).block).toBe(256);
    expect(weightIn(made).values).toEqual(weightIn(graph).values);
  },
);

test('a graph without such products is returned unmodified', () => {
  const graph = graphOf(512, 256, 4, true);
  expect(inKernelForms(graph)).toBe(graph);
});
