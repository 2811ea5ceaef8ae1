/**
 * Exports in published forms: merged decoders, constants in external files, the number of logits as
 * an input.
 */
import { describe, expect, test, vi } from 'vitest';
import { defined, elementAt } from '../checked.ts';
import { difference, runCut } from '../../test/pipeline.ts';
import { tinyDecoder, tinyDecoderGraph } from '../../test/tiny-decoder.ts';
import { originalLogits } from '../engine/check/original.ts';
import type { Ort } from '../engine/backends/ort.ts';
import { externalLocations, parseModel } from '../onnx/external.ts';
import type { Graph } from '../onnx/graph.ts';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  ValueInfoProtoSchema,
} from '../onnx/gen/onnx_pb.ts';
import { decodeMessage, encodeMessage, modelProto } from '../onnx/proto.ts';
import { readGraph } from '../onnx/read.ts';
import { writeGraph } from '../onnx/write.ts';
import { compile } from './index.ts';
import { openExport } from './open.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const ort = (await import('onnxruntime-web')) as unknown as Ort;
const tokens = { ids: [5, 9, 2, 7, 1, 8], batch: 2, length: 3 };
const batch = { ids: Int32Array.from(tokens.ids), sequences: 2, length: 3 };

/**
 * A merged decoder: two decoders in an If on `use_cache_branch`, each with its weights. `prefix` is
 * added to the names of all inner nodes.
 */
function merged(cache: Graph, first: Graph, prefix = ''): Uint8Array {
  const branch = (of: Graph, mark: string): Uint8Array => {
    const graph = defined(fromBinary(ModelProtoSchema, writeGraph(of)).graph);
    const own = new Set([
      ...graph.node.flatMap((n) => n.output),
      ...graph.initializer.map((t) => t.name),
    ]);
    const named = (name: string) => (own.has(name) ? `${mark}${name}` : name);
    for (const n of graph.node)
      Object.assign(n, {
        name: n.name && prefix + n.name,
        input: n.input.map(named),
        output: n.output.map(named),
      });
    for (const part of [...graph.initializer, ...graph.output]) part.name = named(part.name);
    graph.input = [];
    return toBinary(GraphProtoSchema, graph);
  };
  const model = fromBinary(ModelProtoSchema, writeGraph(cache));
  const graph = defined(model.graph);
  graph.node = [
    create(NodeProtoSchema, {
      name: 'optimum::if',
      opType: 'If',
      input: ['use_cache_branch'],
      output: graph.output.map((o) => o.name),
      attribute: [
        { name: 'then_branch', type: 5, g: branch(cache, 'c_') },
        { name: 'else_branch', type: 5, g: branch(first, 'f_') },
      ],
    }),
  ];
  graph.initializer = [];
  graph.input.push(
    create(ValueInfoProtoSchema, {
      name: 'use_cache_branch',
      type: {
        value: {
          case: 'tensorType',
          value: { elemType: 9, shape: { dim: [{ value: { case: 'dimValue', value: 1n } }] } },
        },
      },
    }),
  );
  return toBinary(ModelProtoSchema, model);
}

describe('a merged decoder', () => {
  const plain = async () => (await runCut(compile(tinyDecoderGraph()), tokens)).logits.data;

  test('is read as its branch with a cache, with the logits of the whole file', async () => {
    const bytes = merged(tinyDecoderGraph(), tinyDecoderGraph(), 'past_');
    const { graph, compiled } = await openExport(bytes, { file: 'decoder_model_merged.onnx' });
    expect(graph.branch).toBe('cache');
    expect(compiled.modules.map((m) => m.path)).toEqual(
      compile(tinyDecoderGraph()).modules.map((m) => m.path),
    );
    expect(difference((await runCut(compiled, tokens)).logits.data, await plain())).toBe(0);
    expect(
      difference(
        await originalLogits(ort, { graph: bytes, external: new Map(), headDim: 8 }, batch),
        await plain(),
      ),
    ).toBeLessThan(2e-5);
    expect(
      difference(
        (await runCut(compile(await readGraph(writeGraph(graph), { file: 'x' })), tokens)).logits
          .data,
        await plain(),
      ),
    ).toBe(0);
  });

  test('is read as its other branch if the one with a cache was traced for one token', async () => {
    const { graph, compiled } = await openExport(
      merged(tinyDecoderGraph({ causal: false }), tinyDecoderGraph()),
      { file: 'm.onnx' },
    );
    expect(graph.branch).toBe('first');
    expect(difference((await runCut(compiled, tokens)).logits.data, await plain())).toBe(0);
    await expect(
      openExport(merged(tinyDecoderGraph({ causal: false }), tinyDecoderGraph({ causal: false })), {
        file: 'm.onnx',
      }),
    ).rejects.toThrow('attention is not causal');
  });
});

test.each(['num_logits_to_keep', 'logits_to_keep'])('%s of 0 means all logits', async (name) => {
  const graph = tinyDecoderGraph();
  const head = elementAt(graph.nodes, -1);
  const int64 = (n: string, value: bigint) =>
    [
      n,
      {
        name: n,
        type: 'int64' as const,
        dims: [1],
        bytes: new Uint8Array(BigInt64Array.of(value).buffer),
      },
    ] as const;
  const node = (op: string, inputs: string[], output: string) => ({
    name: output,
    op,
    domain: '',
    inputs,
    outputs: [output],
    attributes: new Map(),
  });
  const nodes = [
    ...graph.nodes.slice(0, -1),
    node('Neg', [name], 'k_neg'),
    node('Unsqueeze', ['k_neg', 'k_0'], 'k_from'),
    node('Slice', [elementAt(head.inputs, 0), 'k_from', 'k_end', 'k_axis'], 'k_x'),
    { ...head, inputs: ['k_x', elementAt(head.inputs, 1)] },
  ];
  const initialisers = new Map([
    ...graph.initialisers,
    int64('k_0', 0n),
    int64('k_end', 2n ** 63n - 1n),
    int64('k_axis', 1n),
  ]);
  const bytes = writeGraph({
    ...graph,
    nodes,
    initialisers,
    inputs: [...graph.inputs, { name, type: 'int64', dims: [] }],
  });
  const { compiled } = await openExport(bytes, { file: 'k.onnx' });
  const wanted = (await runCut(compile(tinyDecoderGraph()), tokens)).logits.data;
  expect(difference((await runCut(compiled, tokens)).logits.data, wanted)).toBe(0);
  expect(
    difference(
      await originalLogits(ort, { graph: bytes, external: new Map(), headDim: 8 }, batch),
      wanted,
    ),
  ).toBeLessThan(2e-5);
});

test('constants and weights are read from files next to and below the model', async () => {
  const model = decodeMessage(modelProto, tinyDecoder());
  const graph = defined(model.graph);
  const parts: Uint8Array[] = [];
  let at = 0;
  const outside = (tensor: (typeof graph.initializer)[number], location: string) => {
    const entry = { location, offset: String(at), length: String(tensor.rawData.length) };
    parts.push(tensor.rawData);
    at += tensor.rawData.length;
    return {
      ...tensor,
      rawData: new Uint8Array(0),
      dataLocation: 1,
      externalData: Object.entries(entry).map(([key, value]) => ({ key, value })),
    };
  };
  const initializer = graph.initializer.map((t) =>
    t.name.startsWith('onnx::') ? outside(t, './weights/data') : t,
  );
  const shapes = initializer.filter((t) => t.dataType === 7);
  const constant = (t: (typeof shapes)[number]) => ({
    name: t.name,
    opType: 'Constant',
    domain: '',
    input: [],
    output: [t.name],
    attribute: [{ name: 'value', type: 4, t: outside(t, 'weights//data') }],
  });
  const bytes = encodeMessage(modelProto, {
    ...model,
    graph: {
      ...graph,
      node: [...shapes.map(constant), ...graph.node],
      initializer: initializer.filter((t) => t.dataType !== 7),
    },
  } as never);
  expect(externalLocations(parseModel(bytes))).toEqual(['weights/data']);
  const data = new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
  const asked: string[] = [];
  const { compiled, graph: read } = await openExport(bytes, {
    file: 'x.onnx',
    external: (name) => (asked.push(name), data),
  });
  expect([asked, read.constantsOutside]).toEqual([['weights/data'], true]);
  expect(
    difference(
      (await runCut(compiled, tokens)).logits.data,
      (await runCut(compile(tinyDecoderGraph()), tokens)).logits.data,
    ),
  ).toBe(0);
});

test.each([
  ['encoder_hidden_states', 'float32', [2, 3, 4], 'the decoder of an encoder-decoder model'],
  ['inputs_embeds', 'float32', [2, 3, 4], 'takes embeddings instead of token ids'],
  ['past_conv.0', 'float32', [2, 32, 3], 'have a recurrent state'],
  ['past_key_values.9.key', 'float32', [2, 3, 4], 'does not contain keys and values per head'],
  ['mystery', 'int64', [1], 'an unknown input, "mystery"'],
] as const)('refuses an export that takes %s, and names the kind', (name, type, dims, message) => {
  const graph = tinyDecoderGraph();
  expect(() =>
    compile({ ...graph, inputs: [...graph.inputs, { name, type, dims: [...dims] }] }),
  ).toThrow(message);
});

test('a valid but unsupported graph is not called invalid', () => {
  const graph = tinyDecoderGraph({ weights: 'q4' });
  const nodes = graph.nodes.map((n) =>
    n.op === 'MatMulNBits'
      ? {
          ...n,
          attributes: new Map([...n.attributes, ['bits', { type: 'int' as const, value: 3 }]]),
        }
      : n,
  );
  expect(() => compile({ ...graph, nodes })).toThrow(
    'uses "MatMulNBits with weights of 3 bits", which is not supported.',
  );
});
