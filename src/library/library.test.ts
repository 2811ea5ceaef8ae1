/** The library on the bundled model: the same numbers as the command line, and its refusals. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { elementAt } from '../checked.ts';
import { bundledModel, modelFolder } from './files.node.ts';
import { hubModel } from './hub.ts';
import { allocateRanks, evaluate, generate, measure, openModel, train } from './index.ts';
import type { Adapter } from './adapter.ts';
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

test(
  'importances: one per module, progress to the end, equal for equal seeds',
  { timeout: 90_000 },
  async () => {
    const progress: [number, number][] = [];
    const once = { method: { name: 'adarank', repeats: 2 }, seed: 3 } as const;
    const first = await measure(model, batch, {
      ...once,
      onProgress: (...at) => progress.push(at),
    });
    expect(first.importances).toHaveLength(model.modules.length);
    expect(first.importances.every((d) => d > 0)).toBe(true);
    first.draws.forEach((draws, m) => {
      const mean = (elementAt(draws, 0) + elementAt(draws, 1)) / 2;
      expect(first.importances[m]).toBeCloseTo(mean, 6);
    });
    expect(progress.at(-1)).toEqual([2 * model.modules.length, 2 * model.modules.length]);
    expect(await measure(model, batch, once)).toEqual(first);
    expect((await measure(model, batch, { ...once, seed: 4 })).importances).not.toEqual(
      first.importances,
    );
  },
);

test('ranks follow importances and the mean rank', () => {
  const importances = model.modules.map((_, m) => m + 1);
  const ranks = allocateRanks(model, importances, { meanRank: 4, rounding: 'exact' });
  expect(ranks.reduce((a, b) => a + b, 0)).toBe(4 * model.modules.length);
  expect([...ranks].sort((a, b) => a - b)).toEqual(ranks);
  const typed = Float64Array.from(importances) as unknown as number[];
  expect(allocateRanks(model, typed, { meanRank: 4, rounding: 'exact' })).toEqual(ranks);
});

test('texts and generation end at the context that config.json states', async () => {
  const bundled = bundledModel();
  const read = async ({ chunks }: (typeof bundled.files)[number]) => {
    const parts: Uint8Array[] = [];
    for await (const part of chunks()) parts.push(part);
    return Buffer.concat(parts);
  };
  const files = await Promise.all(
    bundled.files.map(async (file) => {
      if (file.path !== 'config.json') return file;
      const config = JSON.parse((await read(file)).toString()) as Record<string, unknown>;
      const bytes = Buffer.from(JSON.stringify({ ...config, max_position_embeddings: 12 }));
      return {
        path: file.path,
        bytes: bytes.length,
        chunks: async function* () {
          yield bytes;
        },
      };
    }),
  );
  const short = await openModel({ ...bundled, files }, { threads: 1 });
  await short.batch(TEXT, { sequences: 1, length: 12 });
  await expect(short.batch(TEXT, { sequences: 1, length: 13 })).rejects.toThrow('at most 12');
  await expect(evaluate(short, batch)).rejects.toThrow('16 tokens, but this model allows 12');
  await expect(generate(short, TEXT)).rejects.toMatchObject({ code: 'bad-text' });
  const ids = await short.encode('It was');
  const text = await generate(short, 'It was', { tokens: 64 });
  const whole = await generate(model, 'It was', { tokens: 13 - ids.length });
  expect(text).toBe(whole);
  await short.dispose();
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
  expect(await evaluate(model, batch, { adapter })).toBeLessThan(before - 0.5);
  expect(await evaluate(model, batch)).toBe(before);
  let heard = '';
  const options = { tokens: 6, onText: (text: string) => (heard += text) };
  const text = await generate(model, 'It was the', { ...options, adapter });
  expect(heard).toBe(text);
  expect(text).not.toBe(await generate(model, 'It was the', { tokens: 6 }));
});

describe('refuses with an error', () => {
  const adamW = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 };
  test.each([
    ['an unknown method', { method: { name: 'magic' as 'adarank' } }, 'method.name'],
    [
      'a method that is only a name',
      { method: 'adarank' as unknown as { name: 'adarank' } },
      'method',
    ],
    ['an unknown setting', { method: { name: 'adarank', colour: 1 } as const }, 'method.colour'],
    ['a negative seed', { seed: -1 }, 'seed'],
  ])('%s, by the name of the argument', async (_, options, at) => {
    await expect(measure(model, batch, options)).rejects.toMatchObject({
      code: 'bad-argument',
      message: expect.stringMatching(`^"${at}" is not valid: .+\\. Correct that argument\\.$`),
    });
  });
  test('an aborted signal', async () => {
    const options = { signal: AbortSignal.abort() };
    await expect(measure(model, batch, options)).rejects.toMatchObject({ code: 'cancelled' });
  });
  test.each([
    ['no sequences', { sequences: 0, length: 16 }],
    ['sequences that predict nothing', { sequences: 1, length: 1 }],
    ['a missing length', { sequences: 1 } as { sequences: number; length: number }],
  ])('a batch of %s', async (_, shape) => {
    await expect(model.batch(TEXT, shape)).rejects.toMatchObject({ code: 'bad-argument' });
  });
  test.each([
    ['no steps', { steps: 0 }],
    ['a negative rank', { ranks: -1 }],
    ['only ranks of 0', { ranks: 0 }],
    ['a rate that is not a number', { learningRate: NaN }],
    ['clipping to 0', { maxNorm: 0 }],
    ['a moment that grows', { adamW: { ...adamW, beta1: 2 } }],
    ['a second moment that never changes', { adamW: { ...adamW, beta2: 1 } }],
    ['a negative weight decay', { adamW: { ...adamW, weightDecay: -0.1 } }],
  ])('training with %s', async (_, options) => {
    const run = train(model, batch, { ranks: 1, steps: 1, ...options });
    await expect(run).rejects.toMatchObject({ code: 'bad-argument' });
  });
  test('a rule of another name, and importances of another model', () => {
    const importances = model.modules.map(() => 1);
    const rule = { meanRank: 1, unit: 'bytes' as 'ranks' };
    expect(() => allocateRanks(model, importances, rule)).toThrow('"unit"');
    expect(() => allocateRanks(model, [1], { meanRank: 1 })).toThrow('"importances" is not valid');
    expect(() => allocateRanks(model, importances, { meanRank: -1 })).toThrow(
      '"meanRank" is not valid',
    );
    expect(() => allocateRanks(model, importances, { meanRank: 1, rMin: 3, rMax: 2 })).toThrow(
      '"rMin" is not valid: it is above rMax',
    );
  });
  test('sampling from nothing', async () => {
    const text = generate(model, 'It', { temperature: 1, topP: 0 });
    await expect(text).rejects.toMatchObject({ code: 'bad-argument' });
  });
  test('an adapter of another model', async () => {
    const values = [{ module: 0, rank: 1, loraA: new Float32Array(1), loraB: new Float32Array(1) }];
    const loss = evaluate(model, batch, { adapter: { values, scale: () => 1 } });
    await expect(loss).rejects.toMatchObject({ code: 'adapter-model' });
  });
  test('a provider of another name, and opening that is stopped while it reads', async () => {
    const provider = 'cuda' as 'wasm';
    await expect(openModel(bundledModel(), { provider })).rejects.toThrow('"provider"');
    const stop = new AbortController();
    const onProgress = () => stop.abort();
    await expect(
      openModel(bundledModel(), { signal: stop.signal, onProgress }),
    ).rejects.toMatchObject({ code: 'cancelled' });
  });
  test('a name that is no model, in words that do not need the command line', async () => {
    await expect(hubModel('a model')).rejects.toMatchObject({ code: 'bad-argument' });
  });
  test('a missing name or path, by the name of the argument', async () => {
    const none = undefined as unknown as string;
    const refusal = { code: 'bad-argument', values: { why: 'it is missing' } };
    await expect(hubModel(none)).rejects.toMatchObject({
      ...refusal,
      values: { ...refusal.values, at: 'name' },
    });
    await expect(modelFolder(none)).rejects.toMatchObject({
      ...refusal,
      values: { ...refusal.values, at: 'path' },
    });
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
    await Promise.all([other.dispose(), other.dispose()]);
  });
  test('every call of a disposed model with its own sentence, and waiting calls as cancelled', async () => {
    const other = await openModel(bundledModel(), { threads: 1 });
    const { engine } = other;
    const running = engine.evaluate(batch);
    await new Promise((resolve) => setTimeout(resolve));
    const waiting = engine.evaluate(batch);
    const disposal = other.dispose();
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
    expect(await running).toEqual(await model.engine.evaluate(batch));
    const use = { adapters: await model.engine.adapters([]), scale: () => 1 };
    const calls: (() => unknown)[] = [
      () => other.batch(TEXT, { sequences: 1, length: 16 }),
      () => other.encode(TEXT),
      () => other.decode([1]),
      () => other.endTokens(),
      () => evaluate(other, batch),
      () => generate(other, TEXT, { tokens: 1 }),
      () => measure(other, batch),
      () => train(other, batch, { ranks: 1, steps: 1 }),
      () => engine.weightStd(0),
      () => engine.materialiseWeight(0),
      () => engine.setWeight(0, null),
      () => engine.logits(batch),
      () => engine.residuals(batch),
      () => engine.adapters([]),
      () => engine.masks(),
      () => engine.checkTraining({ sequences: 1, length: 2 }, []),
      () => engine.checkPruning({ samples: 1, sequences: 1, length: 2 }, []),
      () => engine.testTraining(),
      () => engine.gradients(batch, {}),
      () => engine.gradientSums(batch),
      () => engine.inputGrams(batch, use),
      () => engine.walk(batch, use),
      () => engine.mergedWeight(0, use),
      () => engine.score(batch.ids),
    ];
    for (const call of calls)
      await expect((async () => call())(), String(call)).rejects.toMatchObject({
        code: 'disposed',
        message: 'The model was disposed and can no longer compute. Open it again.',
      });
    await disposal;
  });
});

test('a token goes to the hub, and to no other address', async () => {
  const asked: { path: string; token: string | undefined }[] = [];
  const server = createServer(({ url = '', headers }, response) => {
    asked.push({ path: url, token: headers.authorization });
    response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const address = `http://127.0.0.1:${port}`;
  try {
    const elsewhere = hubModel(`${address}/model.onnx`, { hub: 'http://localhost', token: 't' });
    await expect(elsewhere).rejects.toMatchObject({ code: 'remote-file' });
    await expect(hubModel('owner/name', { hub: `${address}/`, token: 't' })).rejects.toMatchObject({
      code: 'hub-missing',
    });
  } finally {
    server.close();
  }
  const hub = asked.filter(({ path }) => path.startsWith('/api/'));
  expect(hub.map(({ token }) => token)).toEqual(['Bearer t']);
  const others = asked.filter((request) => !hub.includes(request));
  expect(others.length).toBeGreaterThan(0);
  expect(others.every(({ token }) => token === undefined)).toBe(true);
});

describe('while it computes', { timeout: 60_000 }, () => {
  const long = { method: { name: 'adarank', repeats: 64 } } as const;

  test('timers run, so a signal that one aborts stops the call', async () => {
    const signal = AbortSignal.timeout(200);
    await expect(measure(model, batch, { ...long, signal })).rejects.toMatchObject({
      code: 'cancelled',
    });
    const later = AbortSignal.timeout(200);
    const training = train(model, batch, { ranks: 2, steps: 100_000, signal: later });
    await expect(training).rejects.toMatchObject({ code: 'cancelled' });
  });
});

test('a wrong first argument is refused by its name', async () => {
  const none = undefined as unknown as TokenBatch;
  await expect(measure(model, none)).rejects.toThrow('"batch" is not valid');
  await expect(train(model, none, { ranks: 1, steps: 1 })).rejects.toThrow('"data" is not valid');
  const adapter = { values: [] } as unknown as Adapter;
  await expect(evaluate(model, batch, { adapter })).rejects.toThrow('"adapter.scale"');
  const above = { meanRank: 1, rounding: 'exact', rMin: 4 } as const;
  const importances = model.modules.map(() => 1);
  expect(() => allocateRanks(model, importances, above)).toThrow('"rMin" is not valid');
});

test('an option that a function does not have is refused by its name', async () => {
  const misspelt = { rank: 1, steps: 1 } as unknown as { ranks: number; steps: number };
  await expect(train(model, batch, misspelt)).rejects.toThrow('"rank" is not valid');
  const adapter = { values: [], scale: () => 1 };
  await expect(evaluate(model, batch, adapter as object)).rejects.toThrow('"values" is not valid');
  const promise = Promise.resolve(bundledModel()) as unknown as ReturnType<typeof bundledModel>;
  await expect(openModel(promise)).rejects.toThrow('must be awaited');
});
