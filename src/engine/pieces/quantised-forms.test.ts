/**
 * Every quantised form of an export, through every stage, against the same values as float32
 * weights.
 */
import { afterAll, describe, expect, test, vi } from 'vitest';
import { defined } from '../../checked.ts';
import { forms, quantisedDecoder } from '../../../test/quantised-forms.ts';
import { likeliest, trainingBatch } from '../../../test/training-data.ts';
import { compile } from '../../compiler/index.ts';
import { dequantise } from '../../model/weights.ts';
import { readGraph } from '../../onnx/read.ts';
import { writeGraph } from '../../onnx/write.ts';
import { createEngine, openEngine, type CutEngine } from '../cut-engine.ts';
import type { Ort } from '../backends/ort.ts';
import { nf4Model } from './nf4-model.ts';
import { withWeights } from './replaced-model.ts';
import { difference } from '../backends/kernel-checks.ts';
import { comparePipeline } from '../check/self-test.ts';
import { cpuBackend } from '../backends/test-backends.ts';
import { apart, probesOf } from '../probe/test-probes.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const ort = (await import('onnxruntime-web')) as unknown as Ort;
const backend = await cpuBackend(1);
afterAll(() => backend.dispose());

/** With weights as stored, unless the backend takes no 4-bit numbers. */
async function engineOf(model: ReturnType<typeof compile>): Promise<CutEngine> {
  const options = { model, backend, memoryBudgetBytes: 5e8 };
  return backend.takesUint4 ? createEngine(options) : openEngine(options);
}

async function generated(engine: CutEngine): Promise<number[]> {
  const ids: number[] = [];
  for await (const { id } of engine.generate({
    prompt: Int32Array.of(3, 1, 4),
    tokens: 4,
    choose: likeliest,
  }))
    ids.push(id);
  return ids;
}

describe.each(forms)('%s', (_, form) => {
  test('has the logits, probes, gradients, texts, weights and exports of the float weights', async () => {
    const { quantised, twin, weights } = quantisedDecoder(form);
    const bytes = writeGraph(quantised);
    const graph = await readGraph(bytes, { file: 'quantised.onnx' });
    const model = compile(graph);
    const engine = await engineOf(model);
    const float = await engineOf(compile(twin));
    const batch = trainingBatch();
    try {
      const logits = await engine.logits(batch);
      const wanted = await float.logits(batch);
      expect(difference(logits, wanted)).toBeLessThan(2e-5);
      // The runtime does not support float zero points with 8 bits, so nothing is compared there.
      const same = await comparePipeline(
        { ort, model, export: { graph, bytes, external: new Map() } },
        batch,
        logits,
      );
      expect(same.ok || (form.op === 'nbits' && form.bits === 8 && Number.isNaN(same.error))).toBe(
        true,
      );
      for (const m of model.modules)
        expect(engine.materialiseWeight(m.index)).toEqual(weights.get(m.path));
      expect(model.blocks.map((b) => b.structure)).toEqual([0, 0]);

      const passes = [await engine.cleanPass(batch), await float.cleanPass(batch)] as const;
      const probes = probesOf(float, 0);
      expect(
        apart(
          await engine.disagreement(passes[0], probes),
          await float.disagreement(passes[1], probes),
        ),
      ).toBeLessThan(1e-4);

      const gradients = async (e: CutEngine) => {
        const all = new Map<string, Float32Array>();
        await e.gradients(batch, {
          residual: (i, g) => {
            all.set(`residual ${i}`, g);
          },
          weight: (i, g) => {
            all.set(`weight ${i}`, g);
          },
          head: (g) => {
            all.set('head', g);
          },
        });
        return all;
      };
      const [got, want] = [await gradients(engine), await gradients(float)];
      for (const [name, gradient] of want)
        expect(difference(defined(got.get(name)), gradient), name).toBeLessThan(1e-4);
      expect(await generated(engine)).toEqual(await generated(float));

      const put = new Map([[1, dequantise(model.weightOf(1)).map((v) => -v)]]);
      const changed = await withWeights(graph, (m) => put.get(m) ?? null, 'float32');
      const file = writeGraph(changed);
      const again = await readGraph(file, { file: 'changed.onnx' });
      const remade = compile(again);
      const other = await engineOf(remade);
      for (const m of remade.modules)
        expect(dequantise(remade.weightOf(m.index))).toEqual(
          put.get(m.index) ?? weights.get(m.path),
        );
      const rerun = await comparePipeline(
        { ort, model: remade, export: { graph: again, bytes: file, external: new Map() } },
        batch,
        await other.logits(batch),
      );
      expect(
        rerun.ok || (form.op === 'nbits' && form.bits === 8 && Number.isNaN(rerun.error)),
      ).toBe(true);
      await other.dispose();
      const [nf4, floatNf4] = [await nf4Model(graph), await nf4Model(twin)];
      for (const m of nf4.modules)
        expect(dequantise(nf4.weightOf(m.index))).toEqual(dequantise(floatNf4.weightOf(m.index)));
    } finally {
      await engine.dispose();
      await float.dispose();
    }
  });
});
