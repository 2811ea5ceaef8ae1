/**
 * Compress to Impress on the bundled model: the prediction for small removals, the scan, and the
 * refusals.
 */
import { runStudy, studyContext } from '../../../test/studies.ts';
import { expectRecognised } from '../../../test/study-digest.ts';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defined, elementAt } from '../../checked.ts';
import { bundledModel, bundledFile } from '../../../cli/bundled.ts';
import { tokensOf } from '../../../cli/data.ts';
import { compile } from '../../compiler/index.ts';
import { createEngine, type CutEngine } from '../../engine/cut-engine.ts';
import { floatModel } from '../../engine/pieces/float-model.ts';
import { cpuBackend } from '../../engine/backends/test-backends.ts';
import { readSafetensors, toFloat32 } from '../../model/safetensors.ts';
import { dequantise } from '../../model/weights.ts';
import { readGraph } from '../../onnx/read.ts';
import { factsOf, loadModel, wordsOf, type LoadedModel } from '../../runtime/load.ts';
import { likeliest } from '../../methods/sampling.ts';
import { layOut } from '../../methods/compress/task.ts';
import { Workbench } from '../../methods/compress/workbench.ts';
import { compressedFiles, partsOf } from './export.ts';
import { compressEvidence } from './digest.ts';
import { runCompress } from './run.ts';
import {
  agreementOf,
  isBetter,
  reduceCompress,
  type CompressEvent,
  type CompressState,
} from './state.ts';
import { readTask, splitTask } from './task.ts';
import { cutModules, type DerivedBase } from '../derived-base.ts';
import { parseSpec } from '../../experiment/schema.ts';
import { setByPaths, type Setting } from '../../experiment/settings.ts';
import type { StudyContext } from '../context.ts';

const study = { run: runCompress, reduce: reduceCompress };

const small = (...settings: Setting[]) =>
  setByPaths(parseSpec({}), [
    ['training.heldSequences', '4'],
    ['compress.rowBlocks', '[1]'],
    ['compress.samples', '16'],
    ['compress.test', '16'],
    ['compress.trials', '3'],
    ['compress.checks', '8'],
    ...settings,
  ]);

/** Runs a generator to its end. */
async function through<T>(work: AsyncGenerator<void, T, undefined>): Promise<T> {
  for (;;) {
    const next = await work.next();
    if (next.done) return next.value;
  }
}

describe('the study on the bundled model', { timeout: 120_000 }, () => {
  let model: LoadedModel;
  let engine: CutEngine;
  let open = 0;
  beforeAll(async () => {
    model = await loadModel(await bundledModel('atlas-3m'));
    engine = createEngine({
      model: model.compiled,
      backend: await backend,
      memoryBudgetBytes: 1e9,
    });
  });
  const backend = cpuBackend();
  afterAll(async () => (await backend).dispose());

  const floatEngine = async () =>
    createEngine({
      model: await floatModel(model.graph),
      backend: await cpuBackend(),
      memoryBudgetBytes: 1e9,
    });
  const contextOf = (spec: StudyContext['spec']): StudyContext =>
    studyContext({
      spec,
      model: factsOf(model),
      engine,
      tokens: (text, shape) => tokensOf(text, { ...shape, bos: spec.bos }, model),
      ...wordsOf(model, spec.bos),
      file: bundledFile,
      derive: async () => {
        const engine = await floatEngine();
        open++;
        return Object.assign(engine, {
          dispose: async () => {
            open--;
          },
        });
      },
      now: () => performance.now(),
    });

  async function ran(
    spec: StudyContext['spec'],
    stop: (event: CompressEvent) => boolean = () => false,
    more: Partial<StudyContext> = {},
  ): Promise<CompressState> {
    const context = { ...contextOf(spec), ...more };
    return (await runStudy(study, context, { stop })).state;
  }

  it('predicts small removals, tries the best candidates, and evaluates on test samples', async () => {
    let base: DerivedBase | null = null;
    const state = await ran(small(), undefined, {
      saveBase: (derived) => {
        base = derived;
      },
    });
    const { result, trials, checks } = state;
    expect(checks).toHaveLength(8);
    expect(defined(agreementOf(checks)).pearson).toBeGreaterThan(0.9);
    expect(defined(result).calibration.before.accuracy).toBeGreaterThan(0.5);
    expect(defined(result).chance).toBe(0.25);
    // Each trial is compared with the state accepted before it.
    let current = defined(result).calibration.before;
    for (const { figures, accepted, measured } of trials) {
      expect(accepted).toBe(isBetter(figures, current));
      expect(measured).toBeCloseTo(figures.loss - current.loss, 12);
      if (accepted) current = figures;
    }
    expect(defined(result).calibration.after).toEqual(current);
    expect(defined(result).test.steps).toHaveLength(1 + defined(result).accepted.length);
    expect(defined(result).samples).toHaveLength(16);
    // Every step reports its effect on plain text, and no other number.
    expect(defined(result).plain).toMatchObject({ length: 64 });
    expect(defined(result).plain.losses.map((l) => l.length)).toEqual(
      defined(result).test.steps.map(() => 4),
    );
    defined(result).test.steps.forEach(({ plain }, step) =>
      expect(plain).toBeCloseTo(
        elementAt(defined(result).plain.losses, step).reduce((a, b) => a + b, 0) / 4,
        12,
      ),
    );
    expect(state.steps).toEqual(defined(result).test.steps);
    for (const [step, { accuracy }] of defined(result).test.steps.entries())
      expect(accuracy).toBeCloseTo(
        defined(result).samples.reduce((sum, s) => sum + elementAt(s.scores, step).right, 0) / 16,
        12,
      );
    expect(JSON.parse(JSON.stringify(state))).toEqual(state);
    expect(state.spectra).toHaveLength(56);
    expect(open).toBe(0);

    expect(base).toEqual({ kind: 'compressed', ...partsOf(defined(result)) });
    await expectRecognised(compressEvidence, state, {
      model: (s) => (defined(s.result).model.hash = 'cd'),
      removals: (s) => {
        const { trials: all, accepted } = defined(s.result);
        elementAt(all, elementAt(accepted, 0)).keep[0]! += 1;
      },
      losses: (s) => (elementAt(defined(s.result).test.steps, -1).plain += 0.01),
      accuracy: (s) => (elementAt(defined(s.result).test.steps, -1).accuracy += 1 / 16),
      // The loss of the second trial: r and Spearman of all trials follow from it.
      correlations: (s) => (elementAt(defined(s.result).trials, 1).measured += 1),
    });

    // The exported files hold the evaluated model.
    const files = new Map(
      (await compressedFiles(model, defined(result))).map((f) => [f.name, elementAt(f.chunks, 0)]),
    );
    const factors = await compressedFiles(model, defined(result), { only: 'factors.safetensors' });
    expect(factors.map((f) => [f.name, elementAt(f.chunks, 0)])).toEqual([
      ['factors.safetensors', files.get('factors.safetensors')],
    ]);
    const first = elementAt(trials, defined(result).accepted[0]!);
    const compressed = compile(
      await readGraph(defined(files.get('onnx/model.onnx')), {
        file: 'model.onnx',
        external: () => undefined,
      }),
    );
    const w = dequantise(compressed.weightOf(first.module));
    const { tensors } = readSafetensors(defined(files.get('factors.safetensors')), 'factors');
    const up = toFloat32(defined(tensors.get(`${first.path}.0.up`)));
    const down = toFloat32(defined(tensors.get(`${first.path}.0.down`)));
    const { inFeatures, outFeatures } = elementAt(model.compiled.modules, first.module);
    const k = first.keep[0]!;
    for (let o = 0; o < outFeatures; o += 7)
      for (let i = 0; i < inFeatures; i += 11) {
        let sum = 0;
        for (let j = 0; j < k; j++) sum += up[o * k + j]! * down[j * inFeatures + i]!;
        expect(w[o * inFeatures + i]!).toBeCloseTo(sum, 5);
      }
  });

  it('undoes every step: figures and generated text are those of the model with the first n removals', async () => {
    const { result } = await ran(
      small(['compress.checks', '0'], ['compress.trials', '5'], ['samples.tokens', '12']),
    );
    const { test, text, accepted, spec } = defined(result);
    const context = contextOf(spec);
    const task = await splitTask(context);
    const engine = await floatEngine();
    const prompt = Int32Array.from(await context.encode(defined(text).prompt));
    expect(accepted.length).toBeGreaterThan(1);
    expect(text).toMatchObject({ prompt: 'The light of the sun' });
    expect(new Set(defined(text).steps).size).toBeGreaterThan(1);
    for (let steps = 0; steps <= accepted.length; steps++) {
      for (const { module, weight } of cutModules(model.compiled, partsOf(defined(result), steps)))
        await engine.setWeight(module, weight);
      const bench = new Workbench(engine, layOut(task.test, 'mean', 512));
      const ids: number[] = [];
      await through(bench.open());
      const judged = await through(bench.judge());
      bench.dispose();
      expect(judged.accuracy).toBe(elementAt(test.steps, steps).accuracy);
      expect(judged.loss).toBeCloseTo(elementAt(test.steps, steps).loss, 5);
      const { sum, tokens } = await engine.evaluate(
        await context.tokens(spec.compress.plain, { sequences: 4, length: 64 }),
      );
      expect(sum / tokens).toBeCloseTo(elementAt(test.steps, steps).plain, 5);
      for await (const { id } of engine.generate({ prompt, tokens: 12, choose: likeliest }))
        ids.push(id);
      expect(await context.decode([...prompt, ...ids])).toBe(
        (await context.decode(prompt)) + elementAt(defined(text).steps, steps),
      );
    }
    await engine.dispose();
  });

  it('resumes with identical results from a checkpoint in its checks, its scan or the LASER search', async () => {
    const spec = small(
      ['compress.checks', '2'],
      ['compress.trials', '4'],
      ['compress.laser', 'sample'],
      ['samples.tokens', '4'],
    );
    const context = { ...contextOf(spec), now: () => 0 };
    const { state: whole } = await runStudy(study, context);
    expect(whole.trials.filter((t) => t.accepted).length).toBeGreaterThan(1);
    let backward = 0;
    let from: unknown;
    for (const [type, count] of [
      ['check', 1],
      ['trial', 2],
      ['laser', 3],
    ] as const) {
      let seen = 0;
      const { state, checkpoint } = await runStudy(study, context, {
        from,
        stop: (e) => {
          if (e.type === 'progress' && (e.phase === 'gradients' || e.phase === 'svd')) backward++;
          return e.type === type && ++seen === count;
        },
      });
      from = checkpoint;
      expect(state.result).toBeNull();
      if (type === 'check') backward = 0;
    }
    expect((await runStudy(study, context, { from })).state.result).toEqual(whole.result);
    // A resumed run does not repeat the backward pass.
    expect(backward).toBe(0);
  });

  it('stops on request and disposes everything', async () => {
    const state = await ran(small(), (e) => e.type === 'trial');
    expect(state.trials).toHaveLength(1);
    expect(state.result).toBeNull();
    expect(open).toBe(0);
  });

  const row = (i: number, answer = i % 2) => ({
    question: `Number ${i} and`,
    options: [' the', ' of'],
    answer,
  });
  it.each([
    ['one class', Array.from({ length: 20 }, (_, i) => row(i, 0)), /every row has the same answer/],
    [
      'at chance',
      Array.from({ length: 20 }, (_, i) => ({
        question: 'and he said to',
        options: [' the', ' zzqx'],
        answer: i % 2,
      })),
      /not above the chance level/,
    ],
  ])('refuses a task of %s with a sentence', async (_, rows, why) => {
    await expect(
      ran(small(['compress.task', JSON.stringify({ kind: 'own', rows })])),
    ).rejects.toThrow(why);
    expect(open).toBe(0);
  });

  it('refuses numbers of row blocks that are not offered', () => {
    expect(() => setByPaths(parseSpec({}), [['compress.rowBlocks', '[3]']])).toThrow(
      expect.objectContaining({ code: 'bad-spec' }),
    );
  });
});

describe('tables', () => {
  it('that are bundled are valid, and the positions of the answers vary', async () => {
    const { readdir } = await import('node:fs/promises');
    const folder = new URL('../../../public/tasks/', import.meta.url);
    for (const file of await readdir(folder)) {
      const text = await readFile(new URL(file, folder), 'utf8');
      const rows = readTask(text);
      const { licence, source } = JSON.parse(text) as { licence: string; source: string };
      expect(rows).toHaveLength(300);
      expect(licence).toBe('public domain');
      expect(source).toContain('atlas-heldout');
      const counts = elementAt(rows, 0).options.map(
        (_, o) => rows.filter((r) => r.answer === o).length,
      );
      for (const count of counts) expect(count).toBeGreaterThan(0.7 * (300 / counts.length));
      expect(rows.every((r) => new Set(r.options).size === r.options.length)).toBe(true);
    }
  });

  it.each([
    ['{', /not JSON/],
    ['{"rows": []}', /at "rows"/],
    [
      '{"rows": [{"question": "a", "options": ["b", "c"], "answer": 2}]}',
      /number of one of the options/,
    ],
  ])('%s is refused', (text, why) => {
    expect(() => readTask(text)).toThrow(why);
  });
});
