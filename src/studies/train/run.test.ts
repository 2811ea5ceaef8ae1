/**
 * The train study on a tiny decoder: events, saved adapters, ranks from a map, comparison and
 * resuming.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defined, elementAt } from '../../checked.ts';
import { runStudy, savedIn, studyContext } from '../../../test/studies.ts';
import { tinyFacts } from '../../../test/tiny-engine.ts';
import { expectRecognised } from '../../../test/study-digest.ts';
import { trainingBatch } from '../../../test/training-data.ts';
import { tinyDecoderGraph } from '../../../test/tiny-decoder.ts';
import { compile } from '../../compiler/index.ts';
import { createEngine, type CutEngine } from '../../engine/cut-engine.ts';
import { nf4Model } from '../../engine/pieces/nf4-model.ts';
import { cpuBackend } from '../../engine/backends/test-backends.ts';
import { heldOutLoss } from '../../methods/training.ts';
import { checkpointKey } from '../checkpoint.ts';
import { parseSpec } from '../../experiment/schema.ts';
import { setByPaths, type Setting } from '../../experiment/settings.ts';
import { trainEvidence } from './digest.ts';
import { runTrain, type TrainEvent, type TrainResult } from './run.ts';
import { reduceTrain, type TrainState } from './state.ts';
import { doingNow, parametersAt, separateLosses, verdictOf } from './verdict.ts';
import type { ExperimentSpec } from '../spec.ts';
import { adapterUse, adapterAtRank, type SavedAdapter } from '../saved-adapter.ts';

const small = (...settings: Setting[]) =>
  setByPaths(parseSpec({}), [
    ['training.steps', '4'],
    ['training.batch', '2'],
    ['training.learningRate', '0.02'],
    ['training.evaluateEvery', '2'],
    ['train.ranks.rank', '3'],
    ...settings,
  ]);

describe('the settings', () => {
  it.each([
    ['train.ranks.rank', '4097', 'train.ranks.rank'],
    ['train.ranks.mean', '3', 'train.ranks.mean'],
    ['train.method.name', 'dora', 'train.method.name'],
    ['train.method.mode', 'thaw', 'train.method.mode'],
    ['train.method.draw.p', '0.5', 'train.method.draw.p'],
    ['train.compare', '[17]', 'train.compare'],
    ['train.compare', '[2,2]', 'train.compare'],
    ['train.base', 'fp4', 'train.base'],
    ['train.scale.value', '0', 'train.scale.value'],
  ])('refuse %s = %s by name', (path, value, at) => {
    expect(() => setByPaths(parseSpec({}), [[path, value]])).toThrow(
      expect.objectContaining({ code: 'bad-spec', values: expect.objectContaining({ at }) }),
    );
  });

  it('compare LoRAs only with an adapter for every rank', () => {
    const compared = setByPaths(parseSpec({}), [['train.compare', '[2]']]);
    expect(() => setByPaths(compared, [['train.method.name', 'lora']])).toThrow(
      expect.objectContaining({ values: expect.objectContaining({ at: 'train.compare' }) }),
    );
  });

  it('drop the settings of other choices, and use the defaults of the chosen one', () => {
    const set = (...settings: Setting[]) => setByPaths(parseSpec({}), settings).train;
    expect(set(['train.method.draw.kind', 'geometric']).method).toEqual({
      name: 'qdylora',
      mode: 'full',
      draw: { kind: 'geometric', p: 0.15 },
    });
    expect(set(['train.scale.kind', 'fixed']).scale).toEqual({ kind: 'fixed', value: 2 });
    expect(set(['train.scale.value', '8'], ['train.scale.kind', 'rslora']).scale).toEqual({
      kind: 'rslora',
      value: 16,
    });
    expect(set(['train.ranks.kind', 'map']).ranks).toEqual({ kind: 'map', mean: 16 });
  });

  it('in the checkpoint key are exactly those that affect the study', () => {
    const key = (...settings: Setting[]) => checkpointKey('train', small(...settings), 'ab', '1');
    expect(key(['study', 'train'])).toBe(key());
    expect(key(['race.seeds', '3'])).toBe(key());
    for (const [path, value] of [
      ['seed', '2'],
      ['train.scale.value', '8'],
      ['training.steps', '5'],
      ['training.beta2', '0.99'],
    ] as const)
      expect(key([path, value])).not.toBe(key());
    // The map's text affects the ranks only if they follow from the map.
    const map = ['train.ranks.kind', 'map'] as const;
    const text = ['text.id', 'jargon-eval'] as const;
    expect(key(text)).toBe(key());
    expect(key(map, text)).not.toBe(key(map));
    expect(checkpointKey('train', small(), 'cd', '1')).not.toBe(key());
    expect(checkpointKey('train', small(), 'ab', '2')).not.toBe(key());
    expect(checkpointKey('race', small(), 'ab', '1')).not.toBe(key());
  });
});

describe('the study', { timeout: 120_000 }, () => {
  const backend = cpuBackend();
  const compiled = compile(tinyDecoderGraph());
  const batch = trainingBatch(4);
  const { modules } = compiled;
  let engine: CutEngine;
  const derive = async () =>
    createEngine({
      model: await nf4Model(tinyDecoderGraph()),
      backend: await backend,
      memoryBudgetBytes: 500e6,
    });
  beforeAll(async () => {
    engine = createEngine({ model: compiled, backend: await backend, memoryBudgetBytes: 500e6 });
  });
  afterAll(async () => (await backend).dispose());

  interface Ran {
    events: TrainEvent[];
    state: TrainState;
    saved: Map<string, SavedAdapter>;
    result: TrainResult | null;
    checkpoint: unknown;
  }

  /** Runs to the end or for this many events; returns the state at that point. */
  async function ran(
    spec: ExperimentSpec,
    {
      from,
      stop = Infinity,
      importances = null,
      imported = [],
    }: {
      from?: unknown;
      stop?: number;
      importances?: number[] | null;
      imported?: SavedAdapter[];
    } = {},
  ): Promise<Ran> {
    const saved = new Map(imported.map((adapter) => [adapter.name, adapter]));
    const context = studyContext({
      spec,
      model: tinyFacts(compiled),
      engine,
      importances,
      tokens: async () => batch,
      derive,
      ...savedIn(saved),
    });
    let count = 0;
    const { events, state, checkpoint } = await runStudy(
      { run: runTrain, reduce: reduceTrain },
      context,
      { from, stop: (event) => event.type !== 'judging' && ++count === stop },
    );
    return {
      events: events.filter((event) => event.type !== 'judging'),
      state,
      saved,
      result: state.result,
      checkpoint,
    };
  }
  const curveOf = (result: TrainResult | null) => defined(defined(result).curve);

  it('trains once, judges every rank, trains LoRAs beside, and keeps what it trained', async () => {
    const { state, saved, result } = await ran(small(['train.compare', '[2]']));
    expect(defined(result).base.perWeight).toBeGreaterThan(0.5);
    expect(curveOf(result).losses.map((l) => l.rank)).toEqual([1, 2, 3]);
    expect(defined(result).separate).toMatchObject([{ rank: 2, steps: { length: 4 } }]);
    expect(JSON.parse(JSON.stringify(state))).toEqual(state);
    expect(separateLosses(state)).toEqual([
      { rank: 2, loss: elementAt(elementAt(defined(result).separate, 0).evaluations, -1).loss },
    ]);
    expect(parametersAt(state, modules, 3)).toBe(defined(result).training.parameters);
    expect(parametersAt(state, modules, 2)).toBe(elementAt(defined(result).separate, 0).parameters);
    expect(verdictOf(state)).toMatchObject({
      knee: curveOf(result).knee,
      base: elementAt(defined(result).training.evaluations, 0).loss,
    });
    expect([...saved.keys()]).toEqual(['train', 'train/lora-2']);
    const model = (s: TrainState) => (defined(s.result).model.hash = 'cd');
    const ranks = (s: TrainState) => (elementAt(defined(s.result).modules, 2).rank += 1);
    for (const losses of [
      (s: TrainState) => (elementAt(curveOf(s.result).losses, 1).loss += 0.01),
      (s: TrainState) => (elementAt(defined(s.result).training.evaluations, 1).loss += 0.01),
      (s: TrainState) =>
        (elementAt(elementAt(defined(s.result).separate, 0).evaluations, -1).loss += 0.01),
    ])
      await expectRecognised(trainEvidence, state, { model, ranks, losses });

    // Truncated to a rank, the adapter has the loss of the curve, on the weights it was trained on.
    const nf4 = await derive();
    for (const { rank, loss } of curveOf(result).losses) {
      const cut = adapterAtRank(defined(saved.get('train')), rank);
      const adapters = await nf4.adapters(cut.values);
      expect(await heldOutLoss(nf4, batch, 2, adapterUse(cut, adapters))).toBeCloseTo(loss, 6);
      adapters.dispose();
    }
    await nf4.dispose();
  });

  it('gives every module its rank on the map', async () => {
    const importances = modules.map((_, i) => (i % 3) + 1);
    const { result } = await ran(
      small(
        ['train.ranks', '{"kind":"map","mean":3}'],
        ['training.steps', '1'],
        ['train.base', 'as-is'],
        ['allocation.rounding', 'exact'],
        ['allocation.rMax', '6'],
      ),
      { importances },
    );
    const ranks = defined(result).modules.map((m) => m.rank);
    expect(ranks.reduce((a, b) => a + b, 0)).toBe(3 * modules.length);
    expect(ranks[0]!).toBeLessThan(ranks[2]!);
    expect(elementAt(curveOf(result).losses, -1).rank).toBe(Math.max(...ranks));
    await expect(ran(small(['train.ranks.kind', 'map']))).rejects.toMatchObject({
      code: 'bad-spec',
      values: { at: 'train.ranks' },
    });
  });

  it('trains a LoRA at listed ranks: no curve, and nothing for other ranks', async () => {
    const listed = { [elementAt(modules, 0).path]: 2, [elementAt(modules, 3).path]: 1 };
    const lora = [
      ['train.method.name', 'lora'],
      ['train.base', 'as-is'],
      ['train.scale.kind', 'fixed'],
      ['train.ranks', JSON.stringify({ kind: 'listed', ranks: listed })],
    ] as const;
    const { state, saved, result } = await ran(small(...lora));
    expect(defined(result)).toMatchObject({ curve: null, separate: [] });
    expect(defined(result).modules).toEqual(
      Object.entries(listed).map(([path, rank]) => ({ path, rank, scale: 2 })),
    );
    expect(JSON.parse(JSON.stringify(result))).toEqual(result);
    expect([...saved.keys()]).toEqual(['train']);
    expect(defined(saved.get('train')).dyLora).toBeUndefined();
    expect([verdictOf(state), doingNow(state)]).toEqual([null, null]);
    const strange = JSON.stringify({ kind: 'listed', ranks: { 'no.such': 1 } });
    await expect(ran(small(...lora, ['train.ranks', strange]))).rejects.toMatchObject({
      values: { at: 'train.ranks', why: 'this model has no module "no.such"' },
    });
    await expect(
      ran(small(...lora, ['train.ranks', '{"kind":"listed","ranks":{}}'])),
    ).rejects.toMatchObject({ values: { why: 'no module has a rank above 0' } });
  });

  it('starts from the imported adapter, at its ranks and its loss', async () => {
    const spec = small(['train.base', 'as-is'], ['train.method.name', 'lora']);
    const first = await ran(spec);
    const trained = defined(first.saved.get('train'));
    const given = setByPaths(spec, [
      ['train.start', 'given'],
      ['train.scale.kind', 'fixed'],
      ['train.ranks.rank', '1'],
    ]);
    const imported = [{ ...trained, name: 'imported' }];
    const { checkpoint: from } = await ran(given, { imported, stop: 6 });
    const second = await ran(given, { imported });
    expect(defined(second.result).modules.map((m) => m.rank)).toEqual(modules.map(() => 3));
    expect(elementAt(defined(second.result).training.evaluations, 0).loss).toBeCloseTo(
      elementAt(defined(first.result).training.evaluations, -1).loss,
      5,
    );
    // The run resumes without the adapter that it started from.
    const again = await ran(given, { from });
    expect(again.events).toEqual(second.events);
    await expect(ran(given)).rejects.toMatchObject({ values: { at: 'train.start' } });
  });

  // Events: start, base, then training run 0 (start, evaluation, steps and evaluations, ranks),
  // then training run 1 from event 14 on.
  it('resumes from any point with identical results', async () => {
    const spec = small(['train.compare', '[2]'], ['training.steps', '3'], ['train.base', 'as-is']);
    const never = await ran(spec);
    for (const stop of [6, 11, 14]) {
      const { checkpoint: from, state } = await ran(spec, { stop });
      expect(doingNow(state)).not.toBeNull();
      const again = await ran(spec, { from });
      expect(again.events).toEqual(never.events);
      expect(again.saved).toEqual(never.saved);
    }
  });
});
