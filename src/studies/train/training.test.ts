/** One training run from settings to figures on a tiny decoder, interrupted and resumed. */
import { afterAll, describe, expect, it, test } from 'vitest';
import { defined, elementAt } from '../../checked.ts';
import { trainingBatch } from '../../../test/training-data.ts';
import { tinyDecoderGraph } from '../../../test/tiny-decoder.ts';
import { createEngine } from '../../engine/cut-engine.ts';
import { nf4Model } from '../../engine/pieces/nf4-model.ts';
import { cpuBackend } from '../../engine/backends/test-backends.ts';
import { parseSpec } from '../../experiment/schema.ts';
import { setByPaths, type Setting } from '../../experiment/settings.ts';
import { initialAdapters } from '../../methods/lora.ts';
import type { ExperimentSpec } from '../spec.ts';
import {
  runTraining,
  type TrainingCheckpoint,
  type TrainingRunEvent,
  type TrainingRunOptions,
} from './training.ts';
import { trainPresets } from './presets.ts';

const qdylora = (...settings: Setting[]) => setByPaths(parseSpec(trainPresets.qdylora), settings);

test('the presets of the command line keep LoRA as it was, and QLoRA’s settings', () => {
  expect(parseSpec(trainPresets.lora)).toMatchObject({
    train: {
      base: 'as-is',
      method: { name: 'lora' },
      ranks: { kind: 'uniform', rank: 8 },
      scale: { kind: 'fixed', value: 2 },
    },
    training: { steps: 60 },
  });
  expect(qdylora()).toMatchObject({
    train: {
      base: 'nf4',
      method: { name: 'qdylora', mode: 'frozen', draw: { kind: 'uniform' } },
      ranks: { kind: 'uniform', rank: 16 },
      scale: { kind: 'alpha', value: 16 },
    },
    training: { learningRate: 2e-4, warmup: 0.03, decay: 'constant', beta2: 0.999, maxNorm: 0.3 },
  });
});

describe('a run', { timeout: 60_000 }, () => {
  const backend = cpuBackend();
  afterAll(async () => (await backend).dispose());

  /** Runs on a new engine. */
  async function run(
    spec: ExperimentSpec,
    options: Partial<TrainingRunOptions> = {},
  ): Promise<AsyncGenerator<TrainingRunEvent, void, undefined>> {
    const compiled = await nf4Model(tinyDecoderGraph());
    const engine = createEngine({
      model: compiled,
      backend: await backend,
      memoryBudgetBytes: 500e6,
    });
    const batch = trainingBatch(4);
    const { modules } = compiled;
    const { train, training, seed } = spec;
    if (train.ranks.kind !== 'uniform') throw new Error('ranks are uniform here');
    const { rank } = train.ranks;
    const ranks = modules.map(() => rank);
    return runTraining({
      method: train.method,
      scale: train.scale,
      ranks,
      training,
      seed,
      engine,
      data: { train: batch, held: batch },
      start: initialAdapters(seed, modules, ranks),
      now: () => 0,
      ...options,
    });
  }

  async function whole(
    spec: ExperimentSpec,
    options: Partial<TrainingRunOptions> = {},
  ): Promise<TrainingRunEvent[]> {
    const events: TrainingRunEvent[] = [];
    for await (const event of await run(spec, options))
      if (event.type !== 'judging') events.push(event);
    return events;
  }

  /** The checkpoint after this many events. */
  async function stopped(spec: ExperimentSpec, events: number): Promise<TrainingCheckpoint> {
    let take = null as (() => Promise<TrainingCheckpoint>) | null;
    const going = await run(spec, {
      offer: (latest) => {
        take = latest;
      },
    });
    for (let i = 0; i < events;) if ((await going.next()).value?.type !== 'judging') i++;
    const checkpoint = await defined(take)();
    await going.return();
    return structuredClone(checkpoint);
  }

  const small = (...settings: Setting[]) =>
    qdylora(
      ['train.ranks.rank', '3'],
      ['training.steps', '6'],
      ['training.learningRate', '0.02'],
      ['training.batch', '2'],
      ['training.evaluateEvery', '0'],
      ...settings,
    );

  it('yields between two batches of a held-out evaluation', async () => {
    const types: string[] = [];
    for await (const event of await run(small(['training.steps', '1']))) {
      types.push(event.type);
      if (event.type === 'judging') expect(event).toEqual({ type: 'judging', done: 1, of: 2 });
    }
    expect(types.slice(0, 6)).toEqual([
      'start',
      'judging',
      'evaluation',
      'step',
      'judging',
      'evaluation',
    ]);
  });

  it('ends, with QDyLoRA, with the loss at every rank and a knee', async () => {
    const events = await whole(small());
    expect(events.map((e) => e.type)).toEqual([
      'start',
      'evaluation',
      ...new Array(6).fill('step'),
      'evaluation',
      'rank',
      'rank',
      'rank',
      'done',
    ]);
    const done = elementAt(events, -1);
    if (done.type !== 'done') throw new Error('not done');
    const {
      curve,
      figures: { evaluations },
    } = done;
    expect(defined(curve).losses.map((p) => p.rank)).toEqual([1, 2, 3]);
    expect(elementAt(defined(curve).losses, -1).loss).toBe(elementAt(evaluations, -1).loss);
    expect(defined(curve).losses.map((p) => p.rank)).toContain(defined(curve).knee);
    expect(JSON.parse(JSON.stringify(done.figures))).toEqual(done.figures);
  });

  // Events: 2 is before the first step; 4 is after step 2 and before its evaluation; 5 is after
  // that evaluation; 12 is within the curve.
  it.each([
    ['LoRA', [4, 5], [['train.method.name', 'lora']]],
    ['QDyLoRA, frozen', [2, 12], []],
    ['QDyLoRA, full', [5], [['train.method.mode', 'full']]],
  ] as [string, number[], Setting[]][])(
    'resumes in another engine with identical results: %s',
    async (_, stops, settings) => {
      const spec = small(['training.evaluateEvery', '2'], ...settings);
      const never = await whole(spec);
      for (const stop of stops) {
        const from = await stopped(spec, stop);
        expect(from.told).toHaveLength(stop - 1);
        expect(await whole(spec, { from })).toEqual(never);
      }
    },
  );

  it('returns the last finite step when training diverges', async () => {
    const spec = small(['train.method.name', 'lora']);
    const from = await stopped(spec, 4);
    from.values = from.values.map((v) => ({ ...v, loraA: v.loraA.fill(3e38) }));
    let take = null as (() => Promise<TrainingCheckpoint>) | null;
    await expect(
      whole(spec, {
        from,
        offer: (latest) => {
          take = latest;
        },
      }),
    ).rejects.toMatchObject({ code: 'diverged', values: { step: 3 } });
    expect(await defined(take)()).toEqual(from);
  });

  it('refuses a checkpoint whose adapters have other ranks', async () => {
    const from = await stopped(small(), 3);
    await expect(whole(small(['train.ranks.rank', '2']), { from })).rejects.toMatchObject({
      code: 'bad-checkpoint',
    });
  });
});
