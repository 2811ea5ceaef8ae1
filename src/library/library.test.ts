/** The library on the bundled model: the same numbers as the command line, and its refusals. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { elementAt } from '../checked.ts';
import { bundledModel } from './files.node.ts';
import { allocateRanks, evaluate, generate, measure, openModel, train } from './index.ts';
import type { Model } from './model.ts';
import type { TokenBatch } from '../engine/engine.ts';

const TEXT = 'It was the best of times, it was the worst of times, it was the age of wisdom.';
let model: Model;
let batch: TokenBatch;
beforeAll(async () => {
  model = await openModel(bundledModel(), { threads: 1 });
  batch = await model.batch(TEXT, { sequences: 1, length: 16 });
}, 60_000);
afterAll(() => model.dispose());

test('importances: one per module, progress to the end, equal for equal seeds', async () => {
  const told: [number, number][] = [];
  const once = { method: { name: 'adarank', repeats: 2 }, seed: 3 } as const;
  const first = await measure(model, batch, { ...once, onProgress: (...at) => told.push(at) });
  expect(first.importances).toHaveLength(model.modules.length);
  expect(first.importances.every((d) => d > 0)).toBe(true);
  first.draws.forEach((draws, m) => {
    const mean = (elementAt(draws, 0) + elementAt(draws, 1)) / 2;
    expect(first.importances[m]).toBeCloseTo(mean, 6);
  });
  expect(told.at(-1)).toEqual([2 * model.modules.length, 2 * model.modules.length]);
  expect(await measure(model, batch, once)).toEqual(first);
  expect((await measure(model, batch, { ...once, seed: 4 })).importances).not.toEqual(
    first.importances,
  );
});

test('ranks follow importances and the mean rank', () => {
  const importances = model.modules.map((_, m) => m + 1);
  const ranks = allocateRanks(model, importances, { meanRank: 4, rounding: 'exact' });
  expect(ranks.reduce((a, b) => a + b, 0)).toBe(4 * model.modules.length);
  expect([...ranks].sort((a, b) => a - b)).toEqual(ranks);
});

test('a trained adapter lowers the loss and changes the text; the model stays as it was', async () => {
  const before = await evaluate(model, batch);
  const steps: number[] = [];
  const adapter = await train(model, batch, {
    ranks: 2,
    steps: 4,
    onStep: (step) => steps.push(step),
  });
  expect(steps).toEqual([1, 2, 3, 4]);
  expect(elementAt(adapter.losses, 0)).toBeCloseTo(before, 4);
  expect(await evaluate(model, batch, adapter)).toBeLessThan(before - 0.5);
  expect(await evaluate(model, batch)).toBe(before);
  let heard = '';
  const options = { tokens: 6, onText: (text: string) => (heard += text) };
  const text = await generate(model, 'It was the', { ...options, adapter });
  expect(heard).toBe(text);
  expect(text).not.toBe(await generate(model, 'It was the', { tokens: 6 }));
});

describe('refuses in a sentence', () => {
  test.each([
    ['an unknown method', { method: { name: 'magic' as 'adarank' } }, 'bad-spec'],
    ['an unknown setting', { method: { name: 'adarank', colour: 1 } as const }, 'bad-spec'],
    ['an aborted signal', { signal: AbortSignal.abort() }, 'cancelled'],
  ])('%s', async (_, options, code) => {
    await expect(measure(model, batch, options)).rejects.toMatchObject({ code });
  });
  test('ranks that are not one per module', async () => {
    await expect(train(model, batch, { ranks: [1, 2], steps: 1 })).rejects.toThrow(
      `2 ranks for ${model.modules.length} modules`,
    );
  });
  test('handles of another engine, and disposed ones', async () => {
    const other = await openModel(bundledModel(), { threads: 1 });
    const pass = await other.engine.cleanPass(batch);
    const adapters = await other.engine.adapters([]);
    const use = { adapters, scale: () => 1 };
    await expect(model.engine.refreshPass(pass, 0)).rejects.toThrow('of this engine');
    await expect(model.engine.evaluate(batch, use)).rejects.toThrow('of this engine');
    pass.dispose();
    adapters.dispose();
    await expect(other.engine.refreshPass(pass, 0)).rejects.toThrow('disposed');
    await expect(other.engine.evaluate(batch, use)).rejects.toThrow('disposed');
    await other.dispose();
  });
});
