/** Training by the library gives the losses of the train study: schedule, start, held-out data. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { exportPeft, importPeft } from '../adapters/peft.ts';
import { defined, elementAt } from '../checked.ts';
import type { AdapterValues, TokenBatch } from '../engine/engine.ts';
import { initialAdapters } from '../methods/lora.ts';
import { trainingSchema } from '../spec/schema.ts';
import { runTraining, type TrainingRunEvent } from '../studies/train/training.ts';
import type { Adapter } from './adapter.ts';
import { evaluate } from './evaluate.ts';
import { bundledModel } from './files.node.ts';
import { openModel, type Model } from './model.ts';
import { train, type Trained } from './train.ts';

const TEXT = 'It was the best of times, it was the worst of times, it was the age of wisdom. ';
let model: Model;
let data: TokenBatch;
let held: TokenBatch;
/** Rank 2 in the first layer. */
let ranks: number[];
let trained: Trained;
beforeAll(async () => {
  model = await openModel(bundledModel(), { threads: 1 });
  const all = await model.batch(TEXT.repeat(8), { sequences: 8, length: 8 });
  data = { ids: all.ids.slice(0, 3 * 8), sequences: 3, length: 8 };
  held = { ids: all.ids.slice(3 * 8), sequences: 5, length: 8 };
  ranks = model.modules.map(({ layer }) => (layer === 0 ? 2 : 0));
  trained = await train(model, data, { ranks, steps: 3, batch: 2, learningRate: 0.02 });
}, 90_000);
afterAll(() => model.dispose());

const settings = { steps: 4, batch: 2, learningRate: 0.02, warmup: 0.5, decay: 'cosine' } as const;

/** The events of the train study's run with `settings`. */
async function studyRun(start: AdapterValues[]): Promise<TrainingRunEvent[]> {
  const events: TrainingRunEvent[] = [];
  const run = runTraining({
    method: { name: 'lora' },
    scale: { kind: 'fixed', value: 2 },
    ranks,
    training: trainingSchema.parse({ ...settings, length: 8, maxNorm: 1, evaluateEvery: 3 }),
    seed: 7,
    engine: model.engine,
    data: { train: data, held },
    start,
    now: () => 0,
  });
  for await (const event of run) events.push(event);
  return events;
}
const lossesOf = (events: TrainingRunEvent[]) =>
  events.flatMap((event) => (event.type === 'step' ? [event.loss] : []));
const evaluationsOf = (events: TrainingRunEvent[]) =>
  events.flatMap((e) => (e.type === 'evaluation' ? [{ step: e.step, loss: e.loss }] : []));

describe('the same as the train study', { timeout: 60_000 }, () => {
  test('with a schedule and held-out data, from new adapters', async () => {
    const reported: { step: number; loss: number }[] = [];
    const run = await train(model, data, {
      ...settings,
      ranks,
      seed: 7,
      heldOut: held,
      evaluateEvery: 3,
      onEvaluation: (step, loss) => reported.push({ step, loss }),
    });
    const events = await studyRun(initialAdapters(7, model.modules, ranks));
    expect(run.losses).toEqual(lossesOf(events));
    expect(run.evaluations).toEqual(evaluationsOf(events));
    expect(run.evaluations.map(({ step }) => step)).toEqual([0, 3, 4]);
    expect(reported).toEqual(run.evaluations);
    const constant = await train(model, data, { ...settings, ranks, seed: 7, decay: 'constant' });
    expect(constant.evaluations).toEqual([]);
    expect(constant.losses.slice(0, 3)).toEqual(run.losses.slice(0, 3));
    expect(constant.values).not.toEqual(run.values);
  });

  test('from an adapter, and from its PEFT files', async () => {
    const before = structuredClone(trained.values);
    const run = await train(model, data, { ...settings, start: trained, seed: 7 });
    expect(run.losses).toEqual(lossesOf(await studyRun(trained.values)));
    expect(trained.values).toEqual(before);
    expect(run.values).not.toEqual(before);

    const files = exportPeft({
      modules: model.modules,
      adapters: trained.values,
      scale: (module) => trained.scale(module),
      baseModel: 'rank-atlas/atlas-3m',
      taskType: 'CAUSAL_LM',
    });
    const [config, weights] = [...files.values()];
    const read = importPeft(defined(config), defined(weights), model.adapterPlaces);
    const start: Adapter = { values: read.adapters, scale: read.scale };
    const again = await train(model, data, { ...settings, start, seed: 7 });
    expect(again.losses).toEqual(run.losses);
  });
});

test('a start adapter at another scale begins with the same weight update', async () => {
  const whole = { steps: 1, batch: data.sequences };
  const loss = await evaluate(model, data, { adapter: trained });
  for (const scale of [undefined, { kind: 'alpha', value: 16 } as const]) {
    const run = await train(model, data, { ...whole, start: trained, ...(scale && { scale }) });
    expect(run.scale(0)).toBe(scale ? 8 : 2);
    expect(elementAt(run.losses, 0)).toBeCloseTo(loss, 5);
  }
  expect(loss).toBeLessThan((await evaluate(model, data)) - 0.01);
});

test('the held-out loss is that of `evaluate`', async () => {
  const run = await train(model, data, { ranks, steps: 2, heldOut: held });
  expect(run.evaluations.map(({ step }) => step)).toEqual([0, 2]);
  const [before, after] = run.evaluations.map(({ loss }) => loss);
  expect(await evaluate(model, held)).toBeCloseTo(defined(before), 6);
  expect(await evaluate(model, held, { adapter: run })).toBeCloseTo(defined(after), 6);
  expect(after).not.toBeCloseTo(defined(before), 4);
});

test('`evaluate` stops between two passes', async () => {
  const stop = new AbortController();
  const { engine } = model;
  const pass = engine.evaluate.bind(engine);
  const passes = vi.spyOn(engine, 'evaluate').mockImplementation((...args) => {
    stop.abort();
    return pass(...args);
  });
  try {
    const loss = evaluate(model, held, { signal: stop.signal });
    await expect(loss).rejects.toMatchObject({ code: 'cancelled' });
    expect(passes).toHaveBeenCalledOnce();
  } finally {
    passes.mockRestore();
  }
  const aborted = evaluate(model, held, { signal: AbortSignal.abort() });
  await expect(aborted).rejects.toMatchObject({ code: 'cancelled' });
});

describe('refuses', () => {
  const row = (module: number, inFeatures: number, outFeatures: number): Adapter => ({
    values: [
      {
        module,
        rank: 1,
        loraA: new Float32Array(inFeatures),
        loraB: new Float32Array(outFeatures),
      },
    ],
    scale: () => 1,
  });
  const refusal = (options: Parameters<typeof train>[2]) =>
    expect(train(model, data, options)).rejects;

  test('neither ranks nor a start adapter, and both', async () => {
    await refusal({ steps: 1 }).toThrow('"ranks" is not valid: it is missing');
    await refusal({ steps: 1, ranks, start: trained }).toThrow('"ranks" is not valid');
  });
  test('a schedule that is not one', async () => {
    const options = { ranks, steps: 1 };
    await refusal({ ...options, warmup: 1.1 }).toThrow('"warmup" is not valid');
    await refusal({ ...options, decay: 'step' as 'linear' }).toThrow('"decay" is not valid');
  });
  test('start adapters of other shapes, and of the head', async () => {
    await refusal({ steps: 1, start: row(0, 1, 1) }).toMatchObject({ code: 'adapter-model' });
    const head = defined(model.adapterPlaces.at(-1));
    const start = row(head.index, head.inFeatures, head.outFeatures);
    await refusal({ steps: 1, start }).toMatchObject({ code: 'head-not-trained' });
  });
});
