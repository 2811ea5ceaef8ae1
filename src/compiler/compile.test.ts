/** The compiler on the built-in tiny decoder; needs no reference models. */
import { describe, expect, test, vi } from 'vitest';
import { defined, elementAt } from '../checked.ts';
import {
  difference,
  lookUp,
  runCut,
  runPiece,
  runSegments,
  runOriginal,
  type Result,
  type Tokens,
} from '../../test/pipeline.ts';
import { tiny, tinyDecoder, tinyDecoderGraph } from '../../test/tiny-decoder.ts';
import { fillNormal, streamKeys } from '../device/random.ts';
import { readGraph } from '../onnx/read.ts';
import { writeGraph } from '../onnx/write.ts';
import { compile } from './index.ts';

// Starting the runtime takes seconds on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const tokens: Tokens = {
  ids: Array.from({ length: 14 }, (_, i) => (i * 11) % tiny.vocab),
  batch: 2,
  length: 7,
};
const load = (bytes: Uint8Array) => readGraph(bytes, { file: 'tiny.onnx' });
const none = () => null;

describe.each(['float32', 'q4'] as const)('a decoder with %s weights', (weights) => {
  const bytes = tinyDecoder({ weights });

  test('gives, in pieces, the logits of the original export', async () => {
    const graph = await load(bytes);
    const { logits, residuals } = await runCut(compile(graph), tokens);
    const original = await runOriginal({ graph, bytes, external: none, tokens });
    expect(logits.dims).toEqual([2, 7, tiny.vocab]);
    expect(difference(original.data, logits.data)).toBeLessThan(2e-5);
    expect(residuals.map((r) => r.dims)).toEqual(Array(tiny.layers + 1).fill([2, 7, tiny.hidden]));
  });

  test('has modules with PyTorch names, in order', async () => {
    const model = compile(await load(bytes));
    expect(model.modules.map((m) => m.path)).toEqual(
      [0, 1].flatMap((l) =>
        [
          'self_attn.q_proj',
          'self_attn.k_proj',
          'self_attn.v_proj',
          'self_attn.o_proj',
          'mlp.gate_proj',
          'mlp.up_proj',
          'mlp.down_proj',
        ].map((m) => `model.layers.${l}.${m}`),
      ),
    );
    expect(model.modules.map((m) => m.index)).toEqual(model.modules.map((_, i) => i));
    expect(
      model.modules.slice(0, 7).map((m) => [m.role, m.outFeatures, m.inFeatures, m.hasBias]),
    ).toEqual([
      ['q', 32, 32, true],
      ['k', 16, 32, true],
      ['v', 16, 32, false],
      ['o', 32, 32, false],
      ['gate', 64, 32, false],
      ['up', 64, 32, false],
      ['down', 32, 64, false],
    ]);
    expect(elementAt(model.modules, 0).format).toEqual(
      weights === 'q4'
        ? { kind: 'nbits', bits: 4, block: 16, zeroPoints: false }
        : { kind: 'float32' },
    );
    expect([model.heads, model.kvHeads, model.headDim, model.hidden, model.vocab]).toEqual([
      tiny.heads,
      tiny.kvHeads,
      tiny.headDim,
      tiny.hidden,
      tiny.vocab,
    ]);
  });

  test('has layers that share one graph and differ in their weights', async () => {
    const model = compile(await load(bytes));
    const [a, b] = [0, 1].map((l) => model.block(l, 3, 4, 'opened'));
    expect(model.blocks.map((x) => x.structure)).toEqual([0, 0]);
    expect(defined(a).model).toBe(defined(b).model);
    expect([...defined(a).weights.keys()]).toEqual([...defined(b).weights.keys()]);
    for (const [name, w] of defined(a).weights)
      expect(w.name).not.toBe(defined(defined(b).weights.get(name)).name);
    const { sites } = elementAt(model.blocks, 0);
    expect([defined(a).inputs, defined(a).outputs]).toEqual([
      ['x'],
      ['y', ...new Set(sites.map((s) => s.tap)), ...sites.map((s) => s.out)],
    ]);
  });

  test('has segments with only the inputs and nodes that their products need', async () => {
    const model = compile(await load(bytes));
    const parts = [0, 1, 2, 3, 4].map((depth) => model.segment(1, 3, 4, depth));
    expect(elementAt(model.blocks, 1).sites.map((s) => s.depth)).toEqual([0, 0, 0, 1, 2, 2, 3]);
    expect(parts.map((p) => [p.inputs, p.outputs])).toEqual([
      [['x'], ['out0', 'out1', 'out2']],
      [['out0', 'out1', 'out2'], ['out3']],
      [
        ['x', 'out3'],
        ['out4', 'out5'],
      ],
      [['out4', 'out5'], ['out6']],
      [['x', 'out3', 'out6'], ['y']],
    ]);
    expect(parts.map((p) => p.weights.size)).toEqual(
      parts.map((_, depth) => model.segment(0, 3, 4, depth).weights.size),
    );
    for (const [depth, part] of parts.entries())
      expect(part.model).toBe(model.segment(0, 3, 4, depth).model);
  });

  test('has weights that alias the bytes of the file', async () => {
    const model = compile(await load(bytes));
    for (const m of model.modules) {
      const { tensors } = model.weightOf(m.index);
      for (const t of tensors) expect(t.bytes.buffer).toBe(bytes.buffer);
      expect(tensors.reduce((n, t) => n + t.bytes.byteLength, 0)).toBe(m.bytes);
    }
  });
});

test('has a tied head that aliases the embedding', async () => {
  const model = compile(await load(tinyDecoder()));
  const { head } = model;
  expect([
    head.transposed,
    head.nonlinearAfter,
    head.bias,
    elementAt(head.tensors, 0).name,
  ]).toEqual([false, false, null, 'model.embed_tokens.weight']);
  const { logits, residuals } = await runCut(model, tokens);
  const h = defined((await runPiece(model.headPiece(2, 7, 'norm'), [elementAt(residuals, -1)])).h);
  const table = new Float32Array(new Uint8Array(elementAt(head.tensors, 0).bytes).buffer);
  const product = new Float32Array(logits.data.length);
  for (let row = 0; row < 14; row++) {
    for (let v = 0; v < tiny.vocab; v++) {
      let sum = 0;
      for (let i = 0; i < tiny.hidden; i++)
        sum += h.data[row * tiny.hidden + i]! * table[v * tiny.hidden + i]!;
      product[row * tiny.vocab + v] = sum;
    }
  }
  expect(difference(product, logits.data)).toBeLessThan(1e-4);
});

test.each([4, 1, 12, 6])(
  'adding x·N at module %i gives the logits of the weight W + N',
  async (module) => {
    const graph = tinyDecoderGraph();
    const model = compile(await load(writeGraph(graph)));
    const info = elementAt(model.modules, module);
    const [outF, inF] = [info.outFeatures, info.inFeatures];
    const noise = fillNormal(streamKeys(9, module, 0), new Float32Array(outF * inF), 0, 0.3);

    // The original export with a changed weight, stored [in, out].
    const name = `onnx::MatMul_${info.path}`;
    const w = defined(graph.initialisers.get(name));
    const data = new Float32Array(new Uint8Array(w.bytes).buffer);
    for (let o = 0; o < outF; o++)
      for (let i = 0; i < inF; i++) data[i * outF + o]! += noise[o * inF + i]!;
    const changed = writeGraph({
      ...graph,
      initialisers: new Map(graph.initialisers).set(name, {
        ...w,
        bytes: new Uint8Array(data.buffer),
      }),
    });
    const expected = await runOriginal({ graph, bytes: changed, external: none, tokens });

    // The cut model with a perturbation at the module's site.
    let x: Result = defined((await runPiece(model.embedding(2, 7), lookUp(model, tokens))).y);
    for (let layer = 0; layer < model.layers; layer++) {
      if (layer !== info.layer) {
        x = defined((await runPiece(model.block(layer, 2, 7, 'plain'), [x])).y);
        continue;
      }
      const opened = await runPiece(model.block(layer, 2, 7, 'opened'), [x]);
      const { sites } = elementAt(model.blocks, layer);
      expect(
        difference(defined(opened.y).data, (await runSegments(model, layer, x, [])).data),
      ).toBeLessThan(1e-6);
      x = await runSegments(
        model,
        layer,
        x,
        sites.map((site) => {
          const delta = new Float32Array(14 * site.width);
          const tap = defined(opened[site.tap]);
          if (site.modules.some((m) => m.module === module)) {
            for (let row = 0; row < 14; row++) {
              for (let o = 0; o < outF; o++)
                for (let i = 0; i < inF; i++)
                  delta[row * outF + o]! += tap.data[row * inF + i]! * noise[o * inF + i]!;
            }
          }
          return delta;
        }),
      );
    }
    const { logits } = await runPiece(model.headPiece(2, 7, 'logits'), [x]);
    expect(
      difference(
        expected.data,
        (await runOriginal({ graph, bytes: writeGraph(graph), external: none, tokens })).data,
      ),
    ).toBeGreaterThan(0.1);
    expect(difference(expected.data, defined(logits).data)).toBeLessThan(1e-4);
  },
);

test('the size of a piece does not depend on the batch', async () => {
  const model = compile(await load(tinyDecoder()));
  const [small, large] = [1, 64].map((batch) => model.block(0, batch, 32, 'plain').model.length);
  expect(defined(large) - defined(small)).toBeLessThan(64);
});

test('refuses encoders, arithmetic on token ids, and graphs without names', async () => {
  const refusal = (bytes: Uint8Array) =>
    load(bytes)
      .then(compile)
      .then(
        () => 'accepted',
        (e: Error) => e.message,
      );
  expect(await refusal(tinyDecoder({ causal: false }))).toMatch('attention is not causal');
  const graph = tinyDecoderGraph();
  expect(
    await refusal(writeGraph({ ...graph, nodes: graph.nodes.map((n) => ({ ...n, name: '' })) })),
  ).toMatch('no node has the name of a linear layer');
  const product = defined(graph.nodes.find((n) => n.name.endsWith('gate_proj/MatMul')));
  const arithmetic = graph.nodes.map((n) =>
    n === product ? { ...n, inputs: ['input_ids', elementAt(n.inputs, 1)] } : n,
  );
  expect(await refusal(writeGraph({ ...graph, nodes: arithmetic }))).toMatch(
    '"/model/layers.0/mlp/gate_proj/MatMul" (MatMul)',
  );
});
