/**
 * The comparison of methods on a tiny decoder: each method gives the same values as on its own, on
 * the same tokens, and the matrix follows from them.
 */
import { mapSteps, studyContext } from '../../../test/studies.ts';
import { expectRecognised } from '../../../test/study-digest.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defined, elementAt } from '../../checked.ts';
import { trainingBatch } from '../../../test/training-data.ts';
import { openTiny } from '../../../test/tiny-engine.ts';
import type { CutEngine } from '../../engine/cut-engine.ts';
import { evaComponents, evaRanks, maxComponents } from '../../methods/importance/eva.run.ts';
import { fisherImportances } from '../../methods/importance/fisher.ts';
import { noiseOf } from '../../methods/importance/settings.ts';
import { spearman } from '../../methods/statistics.ts';
import { pickSequences } from '../../methods/windows.ts';
import { runAgree } from './run.ts';
import { agreeEvidence } from './digest.ts';
import { AGREE_METHODS, type AgreeMethod } from './settings.ts';
import { agreeProgress, agreeVerdict, reduceAgree, type AgreeState } from './state.ts';
import type { ModelFacts } from '../map/events.ts';
import type { RunResult } from '../map/result.ts';
import { parseSpec } from '../../experiment/schema.ts';
import { byMethod } from '../../spec/method.ts';
import type { StudyContext } from '../context.ts';
import { pulled } from '../pulled.ts';

let engine: CutEngine;
let model: ModelFacts;

beforeAll(async () => {
  ({ engine, model } = await openTiny());
}, 60_000);

afterAll(() => engine.dispose());

const batch = () => pickSequences(trainingBatch(8), [0, 1]);

function contextOf(
  methods: readonly AgreeMethod[],
  importances: number[] | null = null,
): StudyContext {
  let time = 0;
  const spec = parseSpec({
    sequences: 2,
    length: 6,
    seed: 3,
    method: { repeats: 2, noise: { scale: 'fixed', sigma: 0.02 } },
    agree: { methods },
  });
  return studyContext({
    spec,
    model,
    engine,
    importances,
    tokens: async (text) => {
      expect(text).toBe(spec.text);
      return batch();
    },
    now: () => (time += 1),
  });
}

async function compared(context: StudyContext): Promise<{ state: AgreeState; progress: number[] }> {
  const states: AgreeState[] = [];
  for await (const { state } of pulled({ run: runAgree, reduce: reduceAgree }, context))
    states.push(state);
  return { state: elementAt(states, -1), progress: states.map(agreeProgress) };
}

describe('methods compared', { timeout: 60_000 }, () => {
  it('gives every method the importances of its own measurement, with the text, seed and noise of the experiment', async () => {
    const context = contextOf(AGREE_METHODS);
    const { state, progress } = await compared(context);
    const { result, measured } = state;
    const of = (m: AgreeMethod) => defined(measured.find((x) => x.method === m)).importances;
    expect(JSON.parse(JSON.stringify(result))).toEqual(result);
    expect(measured.map((m) => m.method)).toEqual(AGREE_METHODS);
    for (const { importances, milliseconds } of measured) {
      expect(importances).toHaveLength(model.modules.length);
      expect(milliseconds).toBeGreaterThan(0);
    }
    for (const name of ['adarank', 'jacobian'] as const) {
      const spec = byMethod(context.spec, name);
      expect(noiseOf(spec.method)).toEqual(noiseOf(context.spec.method));
      let result: RunResult | null = null;
      for await (const { state } of mapSteps({ spec, engine, batch: batch(), model }))
        ({ result } = state);
      expect(of(name)).toEqual(defined(result).modules.map((m) => m.importance));
    }
    expect(of('fisher')).toEqual(await fisherImportances(engine, batch()));
    expect(of('eva')).toEqual(
      evaRanks(await evaComponents(engine, batch(), maxComponents(8)), model.modules, {
        meanRank: 8,
        equal: 'ranks',
      }),
    );
    defined(result).spearman.forEach((row, i) =>
      row.forEach((rho, j) => {
        const expected = spearman(
          elementAt(measured, i).importances,
          elementAt(measured, j).importances,
        );
        expect(rho).toBe(Number.isFinite(expected) ? expected : null);
      }),
    );
    expect([...progress].sort((a, b) => a - b)).toEqual(progress);
    expect(progress.at(-1)).toBe(1);
    const changed = (s: AgreeState, method: AgreeMethod) =>
      defined(defined(s.result).measured.find((m) => m.method === method)).importances;
    await expectRecognised(agreeEvidence, state, {
      model: (s) => (defined(s.result).model.hash = 'cd'),
      correlations: (s) => (elementAt(defined(s.result).spearman, 1)[0] = 0.123),
      importances: (s) => changed(s, 'fisher').reverse(),
    });
    await expectRecognised(agreeEvidence, state, {
      model: (s) => (defined(s.result).model.hash = 'cd'),
      correlations: (s) => (elementAt(defined(s.result).spearman, 2)[1] = 0.123),
      importances: (s) => (changed(s, 'jacobian')[0]! *= 1.1),
    });
  });

  it('reuses the importances of the map for its method, without a measured time', async () => {
    const map = model.modules.map((_, i) => 1 + i);
    const { state } = await compared(contextOf(['spectrum', 'adarank'], map));
    expect(state.measured[1]).toEqual({ method: 'adarank', importances: map, milliseconds: null });
    expect(elementAt(state.measured, 0).milliseconds).toBeGreaterThan(0);
  });
});

describe('the finding', () => {
  const modules = Array.from({ length: 5 }, (_, layer) => ({
    path: `m${layer}`,
    layer,
    role: 'q',
  }));
  const of = (method: AgreeMethod, importances: number[]) => ({
    method,
    importances,
    milliseconds: 1,
  });

  it('names the methods closest to and farthest from the first', () => {
    const verdict = agreeVerdict({
      modules,
      measured: [
        of('adarank', [1, 2, 3, 4, 5]),
        of('fisher', [5, 4, 3, 2, 1]),
        of('gora', [2, 1, 3, 4, 5]),
      ],
    });
    expect(verdict).toEqual({
      reference: 'adarank',
      closest: { method: 'gora', rho: expect.closeTo(0.9) as number },
      farthest: { method: 'fisher', rho: expect.closeTo(-1) as number },
      chance: 0.98,
    });
  });

  it('is empty for a method with equal importances everywhere', () => {
    expect(
      agreeVerdict({
        modules,
        measured: [of('adarank', [1, 2, 3, 4, 5]), of('eva', [8, 8, 8, 8, 8])],
      }),
    ).toBeNull();
    expect(agreeVerdict({ modules, measured: [] })).toBeNull();
  });

  it.each([[['adarank']], [['adarank', 'adarank']], [['adarank', 'uniform']]])(
    'refuses %j',
    (methods) => {
      expect(() => parseSpec({ agree: { methods } })).toThrow(
        expect.objectContaining({ code: 'bad-spec' }) as Error,
      );
    },
  );
});
