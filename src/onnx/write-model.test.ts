/**
 * A model whose weights do not fit into one file: written as two files, aligned, read back, and run
 * by the runtime with equal results.
 */
import * as ort from 'onnxruntime-web';
import { expect, test } from 'vitest';
import { defined, elementAt } from '../checked.ts';
import { tinyDecoder, tinyDecoderGraph } from '../../test/tiny-decoder.ts';
import { originalLogits } from '../engine/check/original.ts';
import { withWeights } from '../engine/pieces/replaced-model.ts';
import { openModel } from '../model/repository.ts';
import type { ModelFiles } from '../model/files.ts';
import { loadModel } from '../runtime/load.ts';
import type { Graph } from './graph.ts';
import { decodeMessage, modelProto } from './proto.ts';
import { readGraph } from './read.ts';
import { writeModel, type ModelPart } from './write-model.ts';
import { writeGraph } from './write.ts';

const joined = (part: ModelPart): Uint8Array => Buffer.concat(part.chunks as Uint8Array[]);
const asFiles = (parts: readonly ModelPart[]): ModelFiles => ({
  id: 'files:m',
  title: 'm',
  files: parts.map((p) => ({
    path: p.name,
    bytes: p.bytes,
    async *chunks() {
      yield* p.chunks;
    },
  })),
});
const batch = { ids: Int32Array.from([1, 5, 9, 13, 17, 21, 25, 29]), sequences: 2, length: 4 };

test('below the limit all is one file, the same as ever', () => {
  const graph = tinyDecoderGraph();
  expect(
    writeModel(graph, 'onnx/model.onnx').map((p) => [
      p.name,
      Buffer.compare(joined(p), writeGraph(graph)),
    ]),
  ).toEqual([['onnx/model.onnx', 0]]);
});

test.each(['float32', 'q4'] as const)(
  'beyond it the weights lie beside the graph (%s): read back, compiled and run with equal numbers',
  async (weights) => {
    const bytes = tinyDecoder({ weights });
    const graph = await readGraph(bytes, { file: 'tiny.onnx' });
    const headDim = 8;
    const parts = writeModel(graph, 'onnx/model.onnx', { limit: 10_000 });
    expect(parts.map((p) => p.name)).toEqual(['onnx/model.onnx', 'onnx/model.onnx_data']);
    expect(parts.map((p) => joined(p).length)).toEqual(parts.map((p) => p.bytes));
    expect(elementAt(parts, 0).bytes).toBeLessThan(bytes.length * 0.7);

    const open = await openModel(asFiles(parts));
    const back = await loadModel(asFiles(parts));
    expect([...open.external.keys()]).toEqual(['model.onnx_data']);
    for (const [name, { bytes: content, type, dims }] of graph.initialisers) {
      const read = defined(back.graph.initialisers.get(name));
      expect([read.type, read.dims, Buffer.compare(read.bytes, content)], name).toEqual([
        type,
        dims,
        0,
      ]);
    }
    const whole = await originalLogits(ort, { graph: bytes, external: new Map(), headDim }, batch);
    expect(
      await originalLogits(ort, { graph: open.graph, external: open.external, headDim }, batch),
    ).toEqual(whole);
  },
  60_000,
);

test('weights begin at pages, large ones at 64 kB; small ones stay in the graph', async () => {
  const graph = tinyDecoderGraph();
  const big = {
    name: 'big',
    type: 'uint8',
    dims: [3_000_000],
    bytes: new Uint8Array(3_000_000).fill(7),
  } as const;
  const initialisers = new Map([...graph.initialisers, ['big', big]]);
  const [file, data] = writeModel({ ...graph, initialisers }, 'model.onnx', {
    limit: 0,
    dataName: 'other name.data',
  });
  expect(defined(data).name).toBe('other name.data');
  const { initializer } = defined(
    decodeMessage(modelProto, elementAt(defined(file).chunks, 0)).graph,
  );
  for (const { name, dataLocation, externalData, rawData } of initializer) {
    const { length } = defined(initialisers.get(name)).bytes;
    const entry = new Map(externalData.map((e) => [e.key, e.value]));
    expect([name, dataLocation], name).toEqual([name, length < 1024 ? 0 : 1]);
    if (dataLocation === 0) expect(rawData.length).toBe(length);
    else
      expect([
        entry.get('location'),
        Number(entry.get('offset')) % (length > 1 << 20 ? 65536 : 4096),
        Number(entry.get('length')),
      ]).toEqual(['other name.data', 0, length]);
  }
});

test('large constants among the nodes lie outside as well', async () => {
  const graph = tinyDecoderGraph();
  const [name, tensor] = defined([...graph.initialisers].find(([, t]) => t.bytes.length > 4096));
  const initialisers = new Map(graph.initialisers);
  initialisers.delete(name);
  const node = {
    name: 'c',
    op: 'Constant',
    domain: '',
    inputs: [],
    outputs: [name],
    attributes: new Map([['value', { type: 'tensor' as const, value: { ...tensor, name: '' } }]]),
  };
  const constant: Graph = { ...graph, initialisers, nodes: [node, ...graph.nodes] };
  const open = await openModel(asFiles(writeModel(constant, 'model.onnx', { limit: 0 })));
  expect(open.graph.length).toBeLessThan(30_000);
  const read = async (external: ReadonlyMap<string, Uint8Array>, bytes: Uint8Array) =>
    originalLogits(ort, { graph: bytes, external, headDim: 8 }, batch);
  expect(await read(open.external, open.graph)).toEqual(
    await read(new Map(), writeGraph(constant)),
  );
}, 60_000);

test('what is merged or pruned runs from two files as from one', async () => {
  const graph = await readGraph(tinyDecoder({ weights: 'q4' }), { file: 'tiny.onnx' });
  const changed = await withWeights(
    graph,
    (module) =>
      module % 3 === 0
        ? null
        : Float32Array.from({ length: 32 * 64 }, (_, i) => Math.sin(i + module) / 9).subarray(
            0,
            sizeOf(module),
          ),
    'float32',
  );
  const open = await openModel(asFiles(writeModel(changed, 'onnx/model.onnx', { limit: 1000 })));
  const run = (bytes: Uint8Array, external: ReadonlyMap<string, Uint8Array>) =>
    originalLogits(ort, { graph: bytes, external, headDim: 8 }, batch);
  expect(await run(open.graph, open.external)).toEqual(await run(writeGraph(changed), new Map()));
}, 60_000);

/**
 * Elements of a module's weight, for q, k, v, o, gate, up, down: hidden size 32, key and value
 * width 16, MLP width 64.
 */
const sizeOf = (module: number): number => 32 * [32, 16, 16, 32, 64, 64, 64][module % 7]!;
