/**
 * Tests which settings affect a base, that an experiment on a base measures its weights, and that
 * the study itself makes the base.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { elementAt } from '../checked.ts';
import { trainingBatch } from '../../test/training-data.ts';
import { tinyDecoderGraph } from '../../test/tiny-decoder.ts';
import { compile } from '../compiler/index.ts';
import type { CompiledModel } from '../compiler/compiled.ts';
import { isRetained } from '../device/sparse-twins.ts';
import { createEngine } from '../engine/cut-engine.ts';
import { floatModel } from '../engine/pieces/float-model.ts';
import { nf4Model } from '../engine/pieces/nf4-model.ts';
import { cpuBackend } from '../engine/backends/test-backends.ts';
import { dequantise } from '../model/weights.ts';
import { baseKey } from './base-kinds.ts';
import { deriveBase } from './base.ts';
import { checkpointKey } from './checkpoint.ts';
import { decodeLink, encodeLink } from '../experiment/link.ts';
import {
  derivedGraph,
  cutModules,
  prunedWeight,
  type CompressedParts,
  type DerivedBase,
  type PrunedParts,
} from './derived-base.ts';
import type { StudyContext } from './context.ts';
import { mapSteps, studyContext } from '../../test/studies.ts';
import { tinyFacts } from '../../test/tiny-engine.ts';
import type { MeasuringEngine } from '../methods/importance/contract.ts';
import { defaultSpec, parseSpec } from '../experiment/schema.ts';
import { differences, sameMeasurement, setByPaths, type Setting } from '../experiment/settings.ts';

const specOf = (...settings: Setting[]) => setByPaths(defaultSpec(), settings);

describe('the setting', () => {
  it('is in a link with the settings it depends on; older links mean the original model', async () => {
    const spec = specOf(['base', 'pruned'], ['prune.sparsity', '0.6'], ['training.steps', '30']);
    expect(differences(spec)).toEqual({
      base: 'pruned',
      training: { steps: 30 },
      prune: { sparsity: 0.6 },
    });
    expect((await decodeLink(await encodeLink(spec))).spec).toEqual(spec);
    expect(parseSpec({ seed: 3 }).base).toBe('as-is');
    expect(() => parseSpec({ base: 'boiled' })).toThrow(
      expect.objectContaining({ values: expect.objectContaining({ at: 'base' }) }),
    );
  });

  it.each([
    ['as-is', ['prune.sparsity', '0.6'], true],
    ['as-is', ['seed', '2'], true],
    ['pruned', ['prune.sparsity', '0.6'], false],
    ['pruned', ['training.steps', '30'], false],
    ['pruned', ['seed', '2'], false],
    ['pruned', ['prune.baselines', 'false'], true],
    ['pruned', ['training.held', '{"kind":"own","text":"a"}'], true],
    ['pruned', ['compress.trials', '3'], true],
    ['pruned', ['race.seeds', '2'], true],
    ['compressed', ['compress.trials', '3'], false],
    ['compressed', ['compress.task.id', 'continuation'], false],
    ['compressed', ['compress.laser', 'all'], true],
    ['compressed', ['compress.plain.id', 'opticks-eval'], true],
    ['compressed', ['prune.sparsity', '0.6'], true],
    ['compressed', ['training.steps', '3'], true],
  ] as [string, Setting, boolean][])('%s: %j leaves it the same: %s', (base, setting, same) => {
    const a = specOf(['base', base]);
    const b = specOf(['base', base], setting);
    expect(baseKey(a) === baseKey(b)).toBe(same);
    if (setting[0] !== 'seed') expect(sameMeasurement(a, b)).toBe(same);
    expect(baseKey(a) === '').toBe(base === 'as-is');
  });

  it('another base changes the measurement, and the checkpoint keys of studies on it only', () => {
    const [plain, pruned, compressed] = ['as-is', 'pruned', 'compressed'].map((base) =>
      specOf(['base', base]),
    ) as [StudyContext['spec'], StudyContext['spec'], StudyContext['spec']];
    expect(sameMeasurement(plain, pruned)).toBe(false);
    expect(sameMeasurement(compressed, pruned)).toBe(false);
    const key = (study: 'race' | 'prune', spec: StudyContext['spec']) =>
      checkpointKey(study, spec, 'ab', '1');
    expect(new Set([plain, pruned, compressed].map((s) => key('race', s))).size).toBe(3);
    expect(new Set([plain, pruned, compressed].map((s) => key('prune', s))).size).toBe(1);
    expect(key('race', specOf(['base', 'pruned'], ['prune.rounds', '2']))).not.toBe(
      key('race', pruned),
    );
    expect(key('race', specOf(['prune.rounds', '2']))).toBe(key('race', plain));
  });
});

describe('an experiment on a base', { timeout: 120_000 }, () => {
  const backend = cpuBackend();
  const graph = tinyDecoderGraph({ weights: 'q4' });
  const compiled = compile(graph);
  const source = { graph, compiled };
  const { modules } = compiled;
  const model = tinyFacts(compiled);
  afterAll(async () => (await backend).dispose());
  const engineOf = async (m: CompiledModel) =>
    Object.assign(createEngine({ model: m, backend: await backend, memoryBudgetBytes: 500e6 }), {
      dispose: async () => undefined,
    });

  const cuts = [0, 9].map((module) => ({
    module,
    path: elementAt(modules, module).path,
    blocks: 2,
    rho: 0.5,
    keep: [3, 2],
    dropped: 0,
  }));
  const compressed: CompressedParts = { cuts, split: 'contiguous', seed: 1 };

  async function pruned(): Promise<PrunedParts> {
    const spec = specOf(
      ['base', 'pruned'],
      ['training.steps', '4'],
      ['training.batch', '2'],
      ['training.learningRate', '0.02'],
      ['prune.rounds', '2'],
      ['prune.meanRank', '2'],
      ['prune.mostRank', '4'],
    );
    const shares: number[] = [];
    const making = deriveBase(
      studyContext({
        spec,
        model,
        engine: await engineOf(compiled),
        tokens: async () => trainingBatch(4),
        derive: async () => engineOf(await floatModel(graph)),
      }),
    );
    for (;;) {
      const next = await making.next();
      if (next.done) {
        // The share rises from 0 to 1, without running comparisons or writing files.
        expect(shares).toEqual([...shares].sort((a, b) => a - b));
        expect([shares[0], elementAt(shares, -1) > 0.9]).toEqual([0, true]);
        return next.value as PrunedParts;
      }
      shares.push(next.value);
    }
  }

  async function draws(engine: MeasuringEngine): Promise<number[]> {
    for await (const { state } of mapSteps({
      spec: specOf(['method.repeats', '2']),
      engine,
      batch: trainingBatch(2),
      model,
    })) {
      if (state.result) return state.result.modules.flatMap((m) => m.draws);
    }
    throw new Error('it did not end');
  }

  it('equals AdaRank with explicitly replaced weights: compressed', async () => {
    const byHand = await engineOf(await floatModel(graph));
    const base: DerivedBase = { kind: 'compressed', ...compressed };
    const plain = await draws(byHand);
    for (const { module, weight } of cutModules(compiled, compressed))
      await byHand.setWeight(module, weight);
    const found = await draws(await engineOf(compile(await derivedGraph(source, base))));
    const wanted = await draws(byHand);
    found.forEach((d, i) => expect(d / wanted[i]!).toBeCloseTo(1, 4));
    expect(Math.max(...found.map((d, i) => Math.abs(d / plain[i]! - 1)))).toBeGreaterThan(0.05);
  });

  it('is AdaRank with the weights set by hand: pruned, made by the study; its NF4 keeps every zero', async () => {
    const parts = await pruned();
    const byHand = await engineOf(await floatModel(graph));
    const based = await derivedGraph(source, { kind: 'pruned', ...parts });
    for (const { index } of modules)
      await byHand.setWeight(index, prunedWeight(compiled, parts, index));
    const found = await draws(await engineOf(compile(based)));
    const wanted = await draws(byHand);
    found.forEach((d, i) => expect(d / wanted[i]!).toBeCloseTo(1, 5));

    const nf4 = await nf4Model(based);
    for (const { index } of modules) {
      const w = dequantise(nf4.weightOf(index));
      let gone = 0;
      let wrong = 0;
      for (let i = 0; i < w.length; i++) {
        if (isRetained(elementAt(parts.masks, index), i)) continue;
        gone++;
        if (w[i] !== 0) wrong++;
      }
      expect(gone / w.length).toBeGreaterThan(0.4);
      expect(wrong).toBe(0);
    }
  });
});
