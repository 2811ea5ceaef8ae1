/**
 * Compiles real exports, runs them in onnxruntime-web on the CPU, and compares them with the
 * original file and PyTorch. Also tests the malformed files.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { defined, elementAt } from '../checked.ts';
import {
  difference,
  openModel,
  readModel,
  runCut,
  runOriginal,
  type Tokens,
} from '../../test/pipeline.ts';
import { fixturePath } from '../../test/fixtures.ts';
import { hasShared, sharedPath } from '../../test/shared.ts';
import { openTensors } from '../../test/tensors.ts';
import type { Attributes, Graph, Node, Tensor } from '../onnx/graph.ts';
import { readGraph } from '../onnx/read.ts';
import { writeGraph } from '../onnx/write.ts';
import { compile } from './index.ts';

// Starting the runtime takes seconds on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

interface Entry {
  file: string;
  model: string;
  modules: Record<string, string | string[]>;
  note?: string;
}
interface Hostile {
  path: string;
  kind: string;
  wrong: string;
  expect: string;
}

const entries: Entry[] = JSON.parse(
  readFileSync(fixturePath('exports', 'manifest.json'), 'utf8'),
).files;
const hostile: Hostile[] = readFileSync(fixturePath('hostile', 'hostile.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line));

/** The same export with q/k norm as separate operators, which onnxruntime can run on the CPU. */
function withNormsOutside(graph: Graph, headDim: number): Graph {
  const int64 = (name: string, values: number[]): Tensor => ({
    name,
    type: 'int64',
    dims: [values.length],
    bytes: new Uint8Array(BigInt64Array.from(values, BigInt).buffer),
  });
  const initialisers = new Map(graph.initialisers)
    .set('by_head', int64('by_head', [0, 0, -1, headDim]))
    .set('flat', int64('flat', [0, 0, -1]));
  const nodes = graph.nodes.flatMap((node) => {
    if (node.op !== 'GroupQueryAttention') return [node];
    const plain = (
      op: string,
      inputs: string[],
      output: string,
      attributes: Attributes = new Map(),
    ): Node => ({ name: output, op, domain: '', inputs, outputs: [output], attributes });
    const attributes: Attributes = new Map([
      ['axis', { type: 'int', value: -1 }],
      ['epsilon', defined(node.attributes.get('qk_norm_epsilon'))],
    ]);
    const norms = [0, 1].flatMap((i) => {
      const name = elementAt(node.inputs, i);
      return [
        plain('Reshape', [name, 'by_head'], `${name}/by_head`),
        plain(
          'SimplifiedLayerNormalization',
          [`${name}/by_head`, elementAt(node.inputs, 14 + i)],
          `${name}/norm`,
          attributes,
        ),
        plain('Reshape', [`${name}/norm`, 'flat'], `${name}/flat`),
      ];
    });
    const inputs = node.inputs.slice(0, 9).map((name, i) => (i < 2 ? `${name}/flat` : name));
    return [
      ...norms,
      {
        ...node,
        inputs,
        attributes: new Map([...node.attributes].filter(([name]) => name !== 'qk_norm_epsilon')),
      },
    ];
  });
  return { ...graph, nodes, initialisers };
}

const halves = (file: string) => /f16|fp16|webgpu/.test(file);
/** Files whose reference used dequantised weights. */
const quantisedReference = (file: string) =>
  /^(llama|qwen3)\/onnx\/model_q4(f16)?\.onnx$/.test(file);
/** PyTorch's numbers for the weights of `model` as they are, or dequantised. */
const referencePath = (model: string, quantised: boolean) =>
  fixturePath('references', `${model}${quantised ? '_q4' : ''}.safetensors`);
const floatReference = (file: string) => /onnx\/model(_fp16)?\.onnx$|genai-fp16|^gpt2/.test(file);

describe('a tiny export gives in pieces the logits of the original', () => {
  const tokensOf = (model: string): Tokens => {
    const ids = openTensors(referencePath(model, model === 'qwen3'))('a.input_ids');
    return { ids: ids.data as number[], batch: ids.dims[0]!, length: ids.dims[1]! };
  };
  const open = async (file: string) => {
    const path = fixturePath('exports', file);
    const graph = await readModel(path);
    return { ...openModel(path), graph, model: compile(graph) };
  };

  test.each(entries.map((e) => [e.file, e] as const))('%s', async (file, entry) => {
    const { bytes, external, graph, model } = await open(file);
    const tokens = tokensOf(entry.model);
    const { logits, residuals } = await runCut(model, tokens);

    // int8 exports round activations, the pieces do not. onnxruntime-web has no CPU kernel for
    // attention with q/k norm.
    if (file !== 'qwen3-genai-int4-webgpu/model.onnx') {
      const original = await runOriginal({
        graph,
        bytes,
        external,
        tokens,
        headDim: model.headDim ?? 1,
      });
      expect(difference(original.data, logits.data)).toBeLessThan(
        file.includes('quantized') ? 1 : halves(file) ? 5e-2 : 2e-5,
      );
    }
    if (quantisedReference(file) || floatReference(file)) {
      const reference = openTensors(referencePath(entry.model, quantisedReference(file)));
      expect(difference(reference('a.logits').data, logits.data)).toBeLessThan(
        halves(file) ? 5e-2 : 5e-5,
      );
      residuals.forEach((r, i) =>
        expect(difference(reference(`a.resid.${i}`).data, r.data)).toBeLessThan(
          halves(file) ? 0.1 : 1e-4,
        ),
      );
    }
    expect(model.layers).toBe(3);
    if (Object.keys(entry.modules).length > 0) {
      const paths = Object.values(entry.modules)
        .flat()
        .filter((p) => p !== 'lm_head');
      expect(model.modules.map((m) => m.path).sort()).toEqual(paths.sort());
    } else expect(model.modules).toHaveLength(21);
    // Only the mixed 4- and 8-bit file has more than one layer structure.
    expect(new Set(model.blocks.map((b) => b.structure)).size).toBe(file.includes('mixed') ? 2 : 1);
  });

  test('norms inside the attention operator equal the same norms before it', async () => {
    const { graph, model } = await open('qwen3-genai-int4-webgpu/model.onnx');
    const tokens = tokensOf('qwen3');
    const outside = withNormsOutside(graph, defined(model.headDim));
    const original = await runOriginal({
      graph: outside,
      bytes: writeGraph(outside),
      external: () => null,
      tokens,
      headDim: defined(model.headDim),
    });
    expect(difference(original.data, (await runCut(model, tokens)).logits.data)).toBeLessThan(5e-2);
  });

  test('modules have the sizes and biases of PyTorch', async () => {
    for (const [name, file] of [
      ['llama', 'llama-genai-int4-cpu/model.onnx'],
      ['qwen2', 'qwen2-genai-kquant-mixed/model.onnx'],
      ['qwen3_q4', 'qwen3/onnx/model_q4.onnx'],
      ['gpt2', 'gpt2/onnx/model.onnx'],
    ] as const) {
      const { model } = await open(file);
      const expected = JSON.parse(readFileSync(fixturePath('references', `${name}.json`), 'utf8'))
        .modules as { name: string; out: number; in: number; bias: boolean }[];
      for (const m of model.modules) {
        const right = defined(expected.find((e) => e.name === m.path));
        expect([m.path, m.outFeatures, m.inFeatures, m.hasBias]).toEqual([
          right.name,
          right.out,
          right.in,
          right.bias,
        ]);
      }
      expect(model.modules).toHaveLength(expected.filter((e) => e.name !== 'lm_head').length);
    }
  });

  test('the position tables limit the length', async () => {
    expect((await open('gpt2/onnx/model.onnx')).model.maxLength).toBe(128);
    const { model } = await open('llama-genai-int4-cpu/model.onnx');
    expect(model.maxLength).toBe(256);
    expect(() => model.block(0, 1, 257, 'plain')).toThrow('positions for 256');
  });
});

describe.skipIf(!hasShared)('SmolLM2-135M', () => {
  test.each([
    ['optimum', sharedPath('models', 'SmolLM2-135M-Instruct-ONNX', 'onnx', 'model_q4.onnx')],
    ['genai', sharedPath('models', 'SmolLM2-135M-Instruct-genai-q4f16', 'model.onnx')],
  ] as const)('%s has 210 modules in layers of one structure', async (dialect, path) => {
    const { bytes, external } = openModel(path);
    // The structure does not depend on values, so the missing weights of the optimum file are zeros
    // here.
    const model = compile(
      await readGraph(bytes, {
        file: 'model.onnx',
        external: (name) => external(name) ?? new Uint8Array(179741952),
      }),
    );
    expect([model.dialect, model.layers, model.hidden, model.vocab, model.modules.length]).toEqual([
      dialect,
      30,
      576,
      49152,
      210,
    ]);
    expect([model.heads, model.kvHeads, model.headDim]).toEqual([9, 3, 64]);
    expect(new Set(model.blocks.map((b) => b.structure)).size).toBe(1);
    expect(elementAt(model.modules, 7 * 11 + 6).path).toBe('model.layers.11.mlp.down_proj');
    expect(
      new Set(
        model.modules.map(
          (_, i) => model.segment(elementAt(model.modules, i).layer, 2, 16, 2).model,
        ),
      ).size,
    ).toBe(1);
  });
});

describe('a malformed file is refused by its fault', () => {
  test.each(hostile.filter((h) => h.kind === 'onnx').map((h) => [h.path, h] as const))(
    '%s',
    async (path, { expect: expected }) => {
      const { bytes, external } = openModel(fixturePath('hostile', path));
      let result = 'accept';
      try {
        const model = compile(await readGraph(bytes, { file: path, external }));
        model.embedding(1, 4);
        model.blocks.forEach((_, layer) => model.block(layer, 1, 4, 'opened'));
        model.headPiece(1, 4, 'logits');
      } catch (e) {
        expect(e).toMatchObject({
          name: 'AtlasError',
          message: expect.stringMatching(/^[^\n]+\. [^\n]+\.$/),
        });
        result = 'refuse';
      }
      expect(expected).toContain(result);
    },
  );
});
