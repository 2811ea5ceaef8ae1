import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { defined, elementAt } from '../checked.ts';
import { tinyDecoder, tinyDecoderGraph } from '../../test/tiny-decoder.ts';
import { difference, runOriginal } from '../../test/pipeline.ts';
import type { Attribute, Graph, Tensor } from './graph.ts';
import { readGraph } from './read.ts';
import { bytesOf, codeOf, elementsOf, typeOf } from './types.ts';
import { toInt64, writeGraph } from './write.ts';
import { create, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, type TensorProtoSchema } from './gen/onnx_pb.ts';
import type { MessageInitShape } from '@bufbuild/protobuf';

// Starting the runtime takes seconds on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const read = (bytes: Uint8Array, external?: (name: string) => Uint8Array | null) =>
  readGraph(bytes, { file: 'a.onnx', external });
const code = (promise: Promise<unknown>) =>
  promise.then(
    () => 'accepted',
    (e: { code?: string }) => e.code ?? String(e),
  );

describe('reading and writing', () => {
  test('a written graph reads back as it was, and runs to the same logits', async () => {
    const bytes = tinyDecoder();
    const graph = await read(bytes);
    const again = writeGraph(graph);
    expect(again).toEqual(bytes);
    const tokens = { ids: [1, 2, 3, 4, 5, 6], batch: 2, length: 3 };
    const [a, b] = [
      await runOriginal({ graph, bytes, external: () => null, tokens }),
      await runOriginal({ graph, bytes: again, external: () => null, tokens }),
    ];
    expect(difference(a.data, b.data)).toBe(0);
  });

  test('weights are views of the file', async () => {
    const bytes = tinyDecoder();
    const graph = await read(bytes);
    for (const t of graph.initialisers.values()) expect(t.bytes.buffer).toBe(bytes.buffer);
  });

  test('any graph survives the round trip', async () => {
    const dims = fc.array(fc.nat(4), { maxLength: 3 });
    const tensor = fc
      .record({
        type: fc.constantFrom(
          'float32' as const,
          'float16' as const,
          'int64' as const,
          'uint8' as const,
          'uint4' as const,
          'bool' as const,
        ),
        dims,
      })
      .map(({ type, dims }) => ({
        type,
        dims,
        bytes: Uint8Array.from(
          { length: bytesOf(type, defined(elementsOf(dims))) },
          (_, i) => i % 2,
        ),
      }));
    const text = fc.string({ unit: 'grapheme', maxLength: 8 });
    const attribute: fc.Arbitrary<Attribute> = fc.oneof(
      fc.record({ type: fc.constant('int' as const), value: fc.maxSafeInteger() }),
      fc.record({ type: fc.constant('float' as const), value: fc.float({ noNaN: true }) }),
      fc.record({ type: fc.constant('ints' as const), value: fc.array(fc.maxSafeInteger()) }),
      fc.record({
        type: fc.constant('floats' as const),
        value: fc.array(fc.float({ noNaN: true })),
      }),
      fc.record({ type: fc.constant('string' as const), value: text }),
      fc.record({ type: fc.constant('strings' as const), value: fc.array(text) }),
      tensor.map((t) => ({ type: 'tensor' as const, value: { name: 'value', ...t } })),
    );
    const graphs = fc
      .record({
        tensors: fc.array(tensor, { maxLength: 4 }),
        nodes: fc.array(
          fc.record({
            op: text,
            name: text,
            attributes: fc.dictionary(text, attribute, { maxKeys: 3 }),
            reads: fc.array(fc.nat(9), { maxLength: 3 }),
          }),
          { minLength: 1, maxLength: 5 },
        ),
      })
      .map(({ tensors, nodes }): Graph => {
        const initialisers = new Map(
          tensors.map((t, i): [string, Tensor] => [`w${i}`, { name: `w${i}`, ...t }]),
        );
        const known = ['in', ...initialisers.keys()];
        return {
          file: 'a.onnx',
          producer: 'someone 1',
          irVersion: 8,
          opsets: new Map([
            ['', 14],
            ['com.microsoft', 1],
          ]),
          initialisers,
          nodes: nodes.map((n, i) => {
            const inputs = n.reads.map((r) => elementAt(known, r % known.length));
            known.push(`n${i}`);
            return {
              name: n.name,
              op: n.op,
              domain: i % 2 ? 'com.microsoft' : '',
              inputs,
              outputs: [`n${i}`],
              attributes: new Map(Object.entries(n.attributes)),
            };
          }),
          inputs: [{ name: 'in', type: 'int64', dims: ['batch', 3] }],
          outputs: [{ name: 'n0', type: 'float32', dims: [1, 'n'] }],
        };
      });
    await fc.assert(
      fc.asyncProperty(graphs, async (graph) => {
        expect(await read(writeGraph(graph))).toEqual(graph);
      }),
      { numRuns: 60 },
    );
  });

  test('values in typed fields are read as raw ones are', async () => {
    const tensors: [MessageInitShape<typeof TensorProtoSchema>, number[]][] = [
      [
        { dataType: codeOf('float32'), dims: [2n], floatData: [1, -2] },
        [0, 0, 128, 63, 0, 0, 0, 192],
      ],
      [
        { dataType: codeOf('int64'), dims: [1n], int64Data: [-2n] },
        [254, 255, 255, 255, 255, 255, 255, 255],
      ],
      [
        { dataType: codeOf('float16'), dims: [2n], int32Data: [0x3c00, 0xc000] },
        [0, 0x3c, 0, 0xc0],
      ],
      [{ dataType: codeOf('bool'), dims: [2n], int32Data: [1, 0] }, [1, 0]],
      [{ dataType: codeOf('int8'), dims: [1n], int32Data: [-1] }, [255]],
    ];
    for (const [tensor, bytes] of tensors) {
      const graph = await read(model({ initializer: [{ name: 'w', ...tensor }] }));
      expect([...defined(graph.initialisers.get('w')).bytes]).toEqual(bytes);
    }
  });

  test('64-bit sentinels keep their meaning', () => {
    expect(toInt64(Number(2n ** 63n - 1n))).toBe(2n ** 63n - 1n);
    expect(toInt64(-(2 ** 63))).toBe(-(2n ** 63n));
    expect(typeOf(8)).toBeNull();
    expect(elementsOf([2 ** 32, 2 ** 32])).toBeNull();
  });
});

describe('what is refused', () => {
  test.each<[string, Record<string, string>, string]>([
    ['absent', { location: 'gone.bin' }, 'external-missing'],
    ['no location', {}, 'external-bad'],
    ['traversal', { location: '../w.bin' }, 'external-bad'],
    ['in a folder, by the way to it', { location: './x//y/../w.bin' }, 'external-bad'],
    ['above a folder', { location: 'x/../../w.bin' }, 'external-bad'],
    ['from the root', { location: '/w.bin' }, 'external-bad'],
    ['a folder', { location: 'w.bin/' }, 'external-bad'],
    ['absent in a folder', { location: 'x/w.bin' }, 'external-missing'],
    ['beside the model', { location: './w.bin' }, 'accepted'],
    ['backslashes', { location: '..\\w.bin' }, 'external-bad'],
    ['a drive', { location: 'C:w.bin' }, 'external-bad'],
    ['an address', { location: 'https://example.com/w.bin' }, 'external-bad'],
    ['the folder above', { location: '..' }, 'external-bad'],
    ['a negative offset', { location: 'w.bin', offset: '-4' }, 'external-bad'],
    ['an offset that is no number', { location: 'w.bin', offset: '0x10' }, 'external-bad'],
    ['an offset past 2^53', { location: 'w.bin', offset: '9007199254740993' }, 'external-bad'],
    ['another length', { location: 'w.bin', length: '4' }, 'external-bad'],
    ['past the end', { location: 'w.bin', offset: '4' }, 'cut-off'],
    ['nothing wrong', { location: 'w.bin', offset: '0', length: '8' }, 'accepted'],
  ])('external data: %s', async (_, entries, expected) => {
    const bytes = model({
      initializer: [
        {
          name: 'w',
          dataType: 1,
          dims: [2n],
          dataLocation: 1,
          externalData: Object.entries(entries).map(([key, value]) => ({ key, value })),
        },
      ],
    });
    expect(await code(read(bytes, (name) => (name === 'w.bin' ? new Uint8Array(8) : null)))).toBe(
      expected,
    );
  });

  test('nested groups, a file cut short, another operator set', async () => {
    expect(await code(read(new Uint8Array(20000).fill(0x0b)))).toBe('not-onnx');
    const bytes = tinyDecoder();
    expect(await code(read(bytes.subarray(0, bytes.length - 100)))).toBe('cut-off');
    expect(await code(read(model({}, 9)))).toBe('operator');
  });

  test('nodes out of order are sorted, a cycle is not', async () => {
    const graph = tinyDecoderGraph();
    const reversed = { ...graph, nodes: [...graph.nodes].reverse() };
    const sorted = await read(writeGraph(reversed));
    const seen = new Set([...graph.initialisers.keys(), ...graph.inputs.map((i) => i.name)]);
    for (const node of sorted.nodes) {
      for (const name of node.inputs) expect(seen).toContain(name);
      for (const name of node.outputs) seen.add(name);
    }
    const node = (name: string, input: string, output: string) => ({
      name,
      opType: 'Relu',
      input: [input],
      output: [output],
    });
    expect(await code(read(model({ node: [node('a', 'y', 'x'), node('b', 'x', 'y')] })))).toBe(
      'bad-graph',
    );
    expect(await code(read(model({ node: [node('a', 'in', 'y'), node('b', 'in', 'y')] })))).toBe(
      'bad-graph',
    );
    expect(await code(read(model({ node: [node('a', 'nowhere', 'y')] })))).toBe('bad-graph');
  });
});

/** A one-node model with the given parts. */
function model(
  graph: NonNullable<MessageInitShape<typeof ModelProtoSchema>['graph']>,
  opset = 14,
): Uint8Array {
  const value = (name: string) => ({
    name,
    type: { value: { case: 'tensorType' as const, value: { elemType: 1, shape: { dim: [] } } } },
  });
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: 8n,
      opsetImport: [{ domain: '', version: BigInt(opset) }],
      graph: {
        node: [{ name: 'r', opType: 'Relu', input: ['in'], output: ['y'] }],
        input: [value('in')],
        output: [value('y')],
        ...graph,
      } as object,
    }),
  );
}
