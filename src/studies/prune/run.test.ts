/**
 * The prune study on a tiny decoder: its events, its result, and that the files hold the pruned
 * model.
 */
import { expectRecognised } from '../../../test/study-digest.ts';
import { eventsOf } from '../../../test/study-events.ts';
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
import { runPrune, type PruneCheckpoint } from './run.ts';
import { findingOf, reducePrune, type PruneState } from './state.ts';
import { parseSpec } from '../../experiment/schema.ts';
import { setByPaths, type Setting } from '../../experiment/settings.ts';
import type { StudyContext } from '../context.ts';

const pruneEvents = (context: StudyContext) =>
  eventsOf({ run: runPrune, reduce: reducePrune }, context);

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
  const { dialect, layers, hidden, vocab, modules } = compiled;
  const model = {
    id: 'bundled:tiny',
    title: 'tiny',
    hash: 'ab',
    bytes: 0,
    dialect,
    layers,
    hidden,
    vocab,
    modules,
  };
  const engine = backend.then((b) =>
    createEngine({ model: compiled, backend: b, memoryBudgetBytes: 500e6 }),
  );
  afterAll(async () => (await engine).dispose());

  async function context(spec: StudyContext['spec']): Promise<StudyContext> {
    const own = await engine;
    return {
      spec,
      model,
      provider: own.provider,
      versions: { rankAtlas: '', onnxruntime: '' },
      engine: own,
      importances: null,
      tokens: async () => trainingBatch(4),
      encode: async () => new Int32Array(),
      prompt: async () => new Int32Array(),
      endTokens: async () => [],
      decode: async () => '',
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
      saveAdapter: () => undefined,
      savedAdapter: () => undefined,
      newest: () => undefined,
      now: () => 0,
    };
  }

  it('reports every round, compares at equal sparsity, and ends with the result', async () => {
    let state: PruneState | null = null;
    let base: DerivedBase | null = null;
    for await (const event of pruneEvents({
      ...(await context(small())),
      saveBase: (derived) => {
        base = structuredClone(derived);
      },
    })) {
      state = reducePrune(state, event);
      expect(structuredClone(state)).toEqual(state);
    }
    const { result, dense, rounds, wanda, masked, lora, stored } = defined(state);
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
    /** Runs until an event, or to the end; returns the checkpoint at that point. */
    async function ran(
      from?: PruneCheckpoint,
      stop: (event: { type: string; round?: number; step?: number }) => boolean = () => false,
    ) {
      let state: PruneState | null = null;
      let take = null as (() => Promise<unknown>) | null;
      let steps = 0;
      for await (const event of pruneEvents({
        ...(await context(small())),
        checkpoint: {
          from,
          offer: (latest) => {
            take = latest;
          },
        },
      })) {
        state = reducePrune(state, event);
        if (event.type === 'step') steps++;
        if (stop(event)) break;
      }
      return {
        state: defined(state),
        steps,
        checkpoint: take && (structuredClone(await take()) as PruneCheckpoint),
      };
    }
    const whole = await ran();
    expect(whole.steps).toBe(4);
    expect((await ran(undefined, (e) => e.type === 'ranks')).checkpoint).toBeNull();
    const inRound2 = await ran(
      undefined,
      (e) => e.type === 'step' && e.round === 2 && e.step === 3,
    );
    expect(defined(inRound2.checkpoint).standing.rounds).toBe(1);
    const resumed = await ran(defined(inRound2.checkpoint));
    expect(resumed.steps).toBe(2);
    expect(resumed.state).toEqual(whole.state);
    const compared = await ran(defined(inRound2.checkpoint), (e) => e.type === 'storing');
    const last = await ran(defined(compared.checkpoint), (e) => {
      expect(e.type).not.toBe('comparing');
      return false;
    });
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
    for (const run = pruneEvents(given); !(await run.next()).done;) {
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
    const run = pruneEvents({
      ...given,
      engine: tight,
      derive: () => {
        throw new Error('nothing is to be made');
      },
    });
    await run.next();
    await expect(run.next()).rejects.toMatchObject({
      code: 'pruning-too-large',
      values: { samples: 4, length: given.spec.training.length },
    });
  });

  it('2:4 sets its own sparsity, baselines are optional, and too short texts are refused', async () => {
    let state: PruneState | null = null;
    for await (const event of pruneEvents(
      await context(
        small(['prune.pattern', '2:4'], ['prune.sparsity', '0.7'], ['prune.baselines', 'false']),
      ),
    ))
      state = reducePrune(state, event);
    expect(elementAt(defined(state).rounds, -1).zeros).toEqual([0.5, 0.5]);
    expect([defined(state).wanda, defined(state).masked, defined(state).lora]).toEqual([
      null,
      null,
      null,
    ]);
    const short = pruneEvents({
      ...(await context(small())),
      tokens: async () => trainingBatch(2),
    });
    await expect(
      (async () => {
        while (!(await short.next()).done);
      })(),
    ).rejects.toMatchObject({ code: 'bad-text' });
  });
});
