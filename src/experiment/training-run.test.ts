/** A QDyLoRA experiment from its spec to its result, on a tiny decoder; and what a spec may not ask for. */
import { afterAll, describe, expect, it } from 'vitest';
import { trainingBatch } from '../../test/training-data.ts';
import { tinyDecoderGraph } from '../../test/tiny-decoder.ts';
import { createEngine } from '../engine/cut-engine.ts';
import { nf4Model } from '../engine/nf4-model.ts';
import { wasmBackend } from '../engine/test-backends.ts';
import { withSettings, type Setting } from './settings.ts';
import { runTraining, type TrainingRunEvent } from './training-run.ts';
import { parseTraining, trainingPresets } from './training-spec.ts';

const qdylora = (...settings: Setting[]) => parseTraining(withSettings(parseTraining(trainingPresets.qdylora), settings));

describe('the spec', () => {
  it('keeps LoRA as it was, and gives QDyLoRA QLoRA’s settings', () => {
    expect(parseTraining({})).toMatchObject({ base: 'as-is', method: { name: 'lora' }, adapter: { scale: { kind: 'fixed', value: 2 } }, training: { steps: 60 } });
    expect(qdylora()).toMatchObject({ base: 'nf4', method: { name: 'qdylora', mode: 'frozen', draw: { kind: 'uniform' } }, training: { learningRate: 2e-4, warmup: 0.03, decay: 'constant', beta2: 0.999, maxNorm: 0.3 } });
    expect(qdylora(['method.draw.kind', 'geometric'])).toMatchObject({ method: { draw: { kind: 'geometric', p: 0.15 } } });
    expect(qdylora(['method.name', 'lora'])).toMatchObject({ method: { name: 'lora' } });
  });

  it.each([
    ['method.mode', 'thaw', 'method.mode'], ['method.draw.kind', 'normal', 'method.draw.kind'], ['method.draw.p', '0.1', 'method.draw.p'], ['base', 'fp4', 'base'], ['method.name', 'dora', 'method.name'],
  ])('refuses %s = %s by name', (path, value, at) => {
    expect(() => qdylora([path, value])).toThrow(expect.objectContaining({ code: 'bad-spec', values: expect.objectContaining({ at }) }));
  });
});

describe('a run of QDyLoRA', { timeout: 60_000 }, () => {
  const backend = wasmBackend();
  afterAll(async () => (await backend).dispose());

  it('ends with the loss at every rank and a knee', async () => {
    const compiled = await nf4Model(tinyDecoderGraph()), engine = createEngine({ model: compiled, backend: await backend, memoryBudgetBytes: 500e6 }), batch = trainingBatch(4);
    const spec = qdylora(['adapter.ranks.rank', '3'], ['training.steps', '6'], ['training.learningRate', '0.02'], ['training.batch', '2'], ['training.evaluateEvery', '0']);
    const { dialect, layers, hidden, vocab, modules } = compiled, model = { id: 'bundled:tiny', title: 'tiny', hash: '', bytes: 0, dialect, layers, hidden, vocab, modules };
    const events: TrainingRunEvent[] = [];
    for await (const event of runTraining({ spec, engine, provider: engine.provider, model, versions: { rankAtlas: '', onnxruntime: '' }, data: { train: batch, held: batch }, now: () => 0 })) events.push(event);
    expect(events.map((e) => e.type)).toEqual(['start', 'evaluation', ...new Array(6).fill('step'), 'evaluation', 'rank', 'rank', 'rank', 'done']);
    const done = events.at(-1)!;
    if (done.type !== 'done') throw new Error('not done');
    const { curve, evaluations } = done.result;
    expect(curve!.losses.map((p) => p.rank)).toEqual([1, 2, 3]);
    expect(curve!.losses.at(-1)!.loss).toBe(evaluations.at(-1)!.loss);
    expect(curve!.losses.map((p) => p.rank)).toContain(curve!.knee);
    expect(JSON.parse(JSON.stringify(done.result))).toEqual(done.result);
  });
});
