/**
 * The prune study on a tiny decoder: its events, its result, and that the files hold the pruned
 * model.
 */
import { runStudy, studyContext } from '../../../test/studies.ts';
import { tinyFacts } from '../../../test/tiny-engine.ts';
import { expectRecognised } from '../../../test/study-digest.ts';
import { afterAll, describe, expect, it } from 'vitest';
import { defined, elementAt } from '../../checked.ts';
import { runOriginal, difference } from '../../../test/pipeline.ts';
import { trainingBatch } from '../../../test/training-data.ts';
import { tinyDecoderGraph } from '../../../test/tiny-decoder.ts';
import { compile } from '../../compiler/index.ts';
import { isRetained } from '../../device/sparse-twins.ts';
import { createEngine } from '../../engine/cut-engine.ts';
import { floatModel } from '../../engine/pieces/float-model.ts';
import { cpuBackend } from '../../engine/backends/test-backends.ts';
import { readSafetensors, toFloat32 } from '../../model/safetensors.ts';
import { dequantise } from '../../model/weights.ts';
import { readGraph } from '../../onnx/read.ts';
import { prunedWeight, type DerivedBase, type PrunedParts } from '../derived-base.ts';
import { prunedFile } from './export.ts';
import type { PrunedFileName } from './files.ts';
import { pruneEvidence } from './digest.ts';
import { runPrune } from './run.ts';
import { findingOf, reducePrune, type PruneState } from './state.ts';
import { parseSpec } from '../../experiment/schema.ts';
import { setByPaths, type Setting } from '../../experiment/settings.ts';
import type { StudyContext } from '../context.ts';
import { pulled } from '../pulled.ts';

const study = { run: runPrune, reduce: reducePrune };

const small = (...settings: Setting[]) =>
  setByPaths(parseSpec({}), [
    ['training.steps', '4'],
    ['training.batch', '2'],
    ['training.learningRate', '0.02'],
    ['prune.rounds', '2'],
    ['prune.meanRank', '2'],
    ['prune.mostRank', '4'],
    ...settings,
  ]);

it.each([
  ['prune.sparsity', '0.99', 'prune.sparsity'],
  ['prune.sparsity', '0', 'prune.sparsity'],
  ['prune.rounds', '21', 'prune.rounds'],
  ['prune.samples', '2', 'prune.samples'],
  ['prune.pattern', '3:4', 'prune.pattern'],
  ['prune.meanRank', '13', 'prune.meanRank'],
])('the settings refuse %s = %s by name', (path, value, at) => {
  expect(() => setByPaths(parseSpec({}), [[path, value]])).toThrow(
    expect.objectContaining({ code: 'bad-spec', values: expect.objectContaining({ at }) }),
  );
});

describe('the study', { timeout: 120_000 }, () => {
  const backend = cpuBackend();
  const graph = tinyDecoderGraph({ weights: 'q4' });
  const compiled = compile(graph);
  const { layers, modules } = compiled;
  const engine = backend.then((b) =>
    createEngine({ model: compiled, backend: b, memoryBudgetBytes: 500e6 }),
  );
  afterAll(async () => (await engine).dispose());

  const context = async (spec: StudyContext['spec']): Promise<StudyContext> =>
    studyContext({
      spec,
      model: tinyFacts(compiled),
      engine: await engine,
      tokens: async () => trainingBatch(4),
      // The backend is shared here, so disposing the study's engine must not dispose it.
      derive: async () =>
        Object.assign(
          createEngine({
            model: await floatModel(graph),
            backend: await backend,
            memoryBudgetBytes: 500e6,
          }),
          { dispose: async () => undefined },
        ),
    });

  it('reports every round, compares at equal sparsity, and ends with the result', async () => {
    let last: PruneState | null = null;
    let base: DerivedBase | null = null;
    const saveBase = (derived: DerivedBase) => {
      base = structuredClone(derived);
    };
    for await (const { state } of pulled(study, { ...(await context(small())), saveBase })) {
      expect(structuredClone(state)).toEqual(state);
      last = state;
    }
    const state = defined(last);
    const { result, dense, rounds, wanda, masked, lora, stored } = state;
    expect(result).toMatchObject({
      format: 'rank-atlas-prune',
      version: 1,
      dense: { loss: defined(dense).loss },
    });
    expect(JSON.parse(JSON.stringify(result))).toEqual(result);
    for (const r of rounds) {
      for (const list of [
        r.redundancy,
        r.importance,
        r.sparsities,
        r.zeros,
        r.errors,
        defined(r.ranks),
      ])
        expect(list).toHaveLength(layers);
      expect(r.steps).toHaveLength(2);
      expect(r.repaired).toBeLessThan(defined(r.pruned));
    }
    expect(Math.abs(defined(wanda).zeros - 0.5)).toBeLessThan(0.01);
    // Training through the mask preserves every zero and is better than masking afterwards.
    expect(masked).toMatchObject({
      rank: 3,
      zeros: defined(wanda).zeros,
      parameters: defined(lora).parameters,
    });
    expect(defined(masked).loss).toBeLessThan(defined(wanda).loss);
    expect(defined(masked).loss).not.toBe(defined(lora).masked);
    expect(lora).toMatchObject({ rank: 3 });
    expect(defined(lora).zeros).toBeLessThan(0.01);
    expect(stored.map((s) => s.form)).toEqual(['float32', 'sparse', 'int4']);
    expect(findingOf(defined(state))).toEqual({
      zeros: 0.5,
      losa: elementAt(rounds, 1).repaired,
      dense: defined(dense).loss,
      withoutZeros: defined(lora).merged,
      masked: defined(masked).loss,
      pending: false,
    });
    await expectRecognised(pruneEvidence, defined(state), {
      model: (s) => (defined(s.result).model.hash = 'cd'),
      ranks: (s) => (defined(elementAt(defined(s.result).rounds, 0).ranks)[1]! += 1),
      zeros: (s) => (elementAt(defined(s.result).rounds, 1).zeros[0]! -= 0.01),
      losses: (s) => (defined(defined(s.result).lora).merged += 0.01),
    });

    // The files: zeros wherever the masks are 0, in every form. onnxruntime loads the models, which
    // have the reported losses.
    const pruned = base as unknown as PrunedParts;
    const { masks } = pruned;
    const weights = modules.map((m) => prunedWeight(compiled, pruned, m.index));
    const file = async (name: PrunedFileName) =>
      elementAt(elementAt(await prunedFile({ graph, compiled }, pruned, name), 0).chunks, 0);
    const sparse = readSafetensors(await file('weights.safetensors'), 'weights').tensors;
    const bits = readSafetensors(await file('mask.safetensors'), 'mask').tensors;
    const adapters = readSafetensors(await file('adapter.safetensors'), 'adapter');
    expect(adapters.tensors.size).toBe(2 * modules.length);
    const float = await file('onnx/model.onnx');
    const reread = await readGraph(float, { file: 'model.onnx' });
    const q4 = compile(
      await readGraph(await file('onnx/model_q4.onnx'), { file: 'model_q4.onnx' }),
    );
    for (const { index, path, outFeatures, inFeatures } of modules) {
      const pruned = elementAt(weights, index);
      const size = outFeatures * inFeatures;
      expect(toFloat32(defined(sparse.get(`${path}.weight`)))).toEqual(pruned);
      expect(dequantise(compile(reread).weightOf(index))).toEqual(pruned);
      expect(defined(bits.get(`${path}.mask`)).bytes).toHaveLength(Math.ceil(size / 8));
      const rounded = dequantise(q4.weightOf(index));
      expect(
        pruned.findIndex(
          (v, i) => !isRetained(elementAt(masks, index), i) && (v !== 0 || rounded[i] !== 0),
        ),
      ).toBe(-1);
    }
    const batch = trainingBatch(2);
    const original = await runOriginal({
      graph: reread,
      bytes: float,
      external: () => null,
      tokens: {
        ids: [...batch.ids],
        batch: 2,
        length: batch.length,
      },
    });
    const again = createEngine({
      model: compile(reread),
      backend: await backend,
      memoryBudgetBytes: 500e6,
    });
    expect(difference(original.data, await again.logits(batch))).toBeLessThan(1e-4);
    const { sum, tokens } = await again.evaluate(trainingBatch(4));
    expect(sum / tokens).toBeCloseTo(defined(elementAt(rounds, 1).repaired), 4);
  });

  it('resumes with identical results after the last complete round or the baselines', async () => {
    const given = await context(small());
    const stepsOf = ({ events }: { events: readonly { type: string }[] }) =>
      events.filter((e) => e.type === 'step').length;
    const whole = await runStudy(study, given);
    expect(stepsOf(whole)).toBe(4);
    const inRound1 = await runStudy(study, given, { stop: (e) => e.type === 'ranks' });
    expect(inRound1.checkpoint).toBeNull();
    const { checkpoint: from } = await runStudy(study, given, {
      stop: (e) => e.type === 'step' && e.round === 2 && e.step === 3,
    });
    expect(from).toMatchObject({ standing: { rounds: 1 } });
    const resumed = await runStudy(study, given, { from });
    expect(stepsOf(resumed)).toBe(2);
    expect(resumed.state).toEqual(whole.state);
    const compared = await runStudy(study, given, { from, stop: (e) => e.type === 'storing' });
    const last = await runStudy(study, given, { from: compared.checkpoint });
    expect(last.events.map((e) => e.type)).not.toContain('comparing');
    expect(last.state).toEqual(whole.state);
  });

  it('yields after every evaluation batch, so a pause never waits for a whole held-out text', async () => {
    const given = await context(small());
    const derive = given.derive;
    let unheard = 0;
    let judged = 0;
    given.derive = async (form) => {
      const own = await derive(form);
      const evaluate = own.evaluate.bind(own);
      return Object.assign(own, {
        evaluate: (...args: Parameters<typeof evaluate>) => {
          unheard++;
          judged++;
          return evaluate(...args);
        },
      });
    };
    for (const run = pulled(study, given); !(await run.next()).done;) {
      expect(unheard).toBeLessThanOrEqual(1);
      unheard = 0;
    }
    // Evaluations: original, two per round, Wanda, masked LoRA, LoRA merged and masked, and 4 bits;
    // two batches each.
    expect(judged).toBe(2 * (1 + 2 * 2 + 1 + 1 + 2 + 1));
  });

  it('is refused before the float32 layers are created if it does not fit, with settings that fit', async () => {
    const given = await context(small());
    const tight = createEngine({
      model: compiled,
      backend: await backend,
      memoryBudgetBytes: 1_000_000,
    });
    const derive = () => {
      throw new Error('no engine may be created');
    };
    const run = runStudy(study, { ...given, engine: tight, derive });
    await expect(run).rejects.toMatchObject({
      code: 'pruning-too-large',
      values: { samples: 4, length: given.spec.training.length },
    });
  });

  it('2:4 sets its own sparsity, baselines are optional, and too short texts are refused', async () => {
    const given = await context(
      small(['prune.pattern', '2:4'], ['prune.sparsity', '0.7'], ['prune.baselines', 'false']),
    );
    const { state } = await runStudy(study, given);
    expect(elementAt(state.rounds, -1).zeros).toEqual([0.5, 0.5]);
    expect([state.wanda, state.masked, state.lora]).toEqual([null, null, null]);
    const short = runStudy(study, { ...given, tokens: async () => trainingBatch(2) });
    await expect(short).rejects.toMatchObject({ code: 'bad-text' });
  });
});
