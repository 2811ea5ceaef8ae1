/**
 * The samples study on a tiny decoder: base alone and with an adapter, losses, the first
 * difference, ranks, and the result.
 */
import { runStudy, savedIn, studyContext } from '../../../test/studies.ts';
import { tinyFacts } from '../../../test/tiny-engine.ts';
import { expectRecognised } from '../../../test/study-digest.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defined, elementAt } from '../../checked.ts';
import { tinyDecoderGraph } from '../../../test/tiny-decoder.ts';
import { randomAdapters } from '../../../test/training-data.ts';
import { compile } from '../../compiler/index.ts';
import { createEngine, type CutEngine } from '../../engine/cut-engine.ts';
import { nf4Model } from '../../engine/pieces/nf4-model.ts';
import { cpuBackend } from '../../engine/backends/test-backends.ts';
import { parseSpec } from '../../experiment/schema.ts';
import { firstDifference, lossesOf } from './compare.ts';
import { samplesEvidence } from './digest.ts';
import { runSamples } from './run.ts';
import { reduceSamples, type SamplesEvent, type SamplesState } from './state.ts';
import { setByPaths, type Setting } from '../../experiment/settings.ts';
import { adapterAtRank, type SavedAdapter } from '../saved-adapter.ts';
import { TokenText } from '../token-text.ts';

const small = (...settings: Setting[]) =>
  setByPaths(parseSpec({}), [['samples.tokens', '9'], ...settings]);

describe('the settings', () => {
  it.each([
    ['samples.tokens', '0', 'samples.tokens'],
    ['samples.temperature', '-1', 'samples.temperature'],
    ['samples.topP', '0', 'samples.topP'],
    ['samples.prompt', '', 'samples.prompt'],
    ['samples.rank', '0', 'samples.rank'],
  ])('refuse %s = %s by name', (path, value, at) => {
    expect(() => setByPaths(parseSpec({}), [[path, value]])).toThrow(
      expect.objectContaining({ code: 'bad-spec', values: expect.objectContaining({ at }) }),
    );
  });
});

describe('the text of tokens', () => {
  const bytes = new TextEncoder().encode('aé😀b');
  const decode = async (ids: ArrayLike<number>) => new TextDecoder().decode(Uint8Array.from(ids));
  const texts = async (ids: Uint8Array) => {
    const text = new TokenText([97, 32], decode);
    const parts = [];
    for (const [i, id] of ids.entries()) parts.push(await text.add(id, i === ids.length - 1));
    return parts;
  };
  it('is returned in whole characters', async () => {
    expect(await texts(bytes)).toEqual(['a', '', 'é', '', '', '', '😀', 'b']);
    expect((await texts(bytes.subarray(0, 5))).slice(0, -1)).toEqual(['a', '', 'é', '']);
    expect((await texts(bytes.subarray(0, 5))).at(-1)).toMatch(/^\ufffd+$/);
  });
});

describe('the study', { timeout: 60_000 }, () => {
  const backend = cpuBackend();
  const compiled = compile(tinyDecoderGraph());
  const { vocab, modules } = compiled;
  let engine: CutEngine;
  let derived = 0;
  beforeAll(async () => {
    engine = createEngine({ model: compiled, backend: await backend, memoryBudgetBytes: 500e6 });
  });
  afterAll(async () => (await backend).dispose());

  const values = randomAdapters(modules, 4);
  const saved: SavedAdapter[] = [
    { name: 'first', values, scales: values.map(() => 40), base: 'as-is' },
    {
      name: 'train',
      values,
      scales: values.map(() => 40),
      dyLora: { scale: { kind: 'alpha', value: 160 } },
      base: 'nf4',
    },
  ];

  async function ran(
    settings: Setting[],
    adapters = saved,
    stop = Infinity,
    ends: readonly number[] = [],
  ): Promise<{ state: SamplesState; events: SamplesEvent[] }> {
    const context = studyContext({
      spec: small(...settings),
      model: tinyFacts(compiled),
      engine,
      prompt: async (text) => Int32Array.from(text, (c) => c.charCodeAt(0) % vocab),
      endTokens: async () => ends,
      decode: async (ids) => String.fromCharCode(...Array.from(ids, (id) => 0x4e00 + id)),
      derive: async () => {
        derived++;
        return createEngine({
          model: await nf4Model(tinyDecoderGraph()),
          backend: await cpuBackend(),
          memoryBudgetBytes: 500e6,
        });
      },
      ...savedIn(new Map(adapters.map((adapter) => [adapter.name, adapter]))),
    });
    return runStudy({ run: runSamples, reduce: reduceSamples }, context, {
      stop: (_, count) => count === stop,
    });
  }

  it('lets the model write alone where nothing is kept, or not what is asked for', async () => {
    for (const adapters of [[], saved]) {
      const { state } = await ran([['samples.adapter', 'missing']], adapters);
      expect([
        state.adapter,
        state.texts.base.length,
        state.texts.adapted,
        defined(state.result).losses.adapted,
      ]).toEqual([null, 9, [], null]);
      expect(defined(state.result).losses.base).toEqual({
        own: -state.texts.base.reduce((sum, t) => sum + t.logProbability, 0) / 9,
        other: null,
      });
    }
  });

  it('generates both texts in turns, scores each with both models, and finds the first difference', async () => {
    const { state, events } = await ran([['samples.adapter', 'first']]);
    expect(
      events.map((e) => (e.type === 'token' || e.type === 'scored' ? `${e.type} ${e.by}` : e.type)),
    ).toEqual([
      'start',
      ...Array(9).fill(['token base', 'token adapted']).flat(),
      'scored base',
      'scored adapted',
      'done',
    ]);
    const { base, adapted } = state.texts;
    const at = defined(firstDifference(state.texts));
    expect(elementAt(base, at).id).not.toBe(elementAt(adapted, at).id);
    expect(base.slice(0, at).map((t) => t.id)).toEqual(adapted.slice(0, at).map((t) => t.id));
    // Each greedy token is its model's most likely; where the texts diverge, the other model gives
    // it less probability than its own choice.
    expect(defined(elementAt(base, at).other)).toBeLessThan(elementAt(adapted, at).logProbability);
    expect(defined(lossesOf(base)).other).toBeGreaterThan(0);
    expect(JSON.parse(JSON.stringify(state.result))).toEqual(state.result);
    await expectRecognised(samplesEvidence, state, {
      model: (s) => (defined(s.result).model.hash = 'cd'),
      tokens: (s) => (elementAt(defined(s.result).texts.adapted, 4).id += 1),
      losses: (s) => (defined(defined(s.result).losses.base).other = 1),
    });
    expect(base.map((t) => t.text).join('')).toBe(
      String.fromCharCode(...base.map((t) => 0x4e00 + t.id)),
    );
  });

  it('uses the newest at a rank, over the weights it was trained on, and lets go of them', async () => {
    const { state } = await ran([['samples.rank', '2']]);
    const cut = await ran([], [adapterAtRank(elementAt(saved, 1), 2)]);
    const as = await ran([], [{ ...elementAt(saved, 1), base: 'as-is' }]);
    expect(state.adapter).toEqual({ name: 'train', rank: 2, base: 'nf4' });
    expect(derived).toBe(2);
    expect(state.texts).toEqual(cut.state.texts);
    expect(state.texts.base).not.toEqual(as.state.texts.base);
  });

  it('samples both with the same random numbers, reproducibly', async () => {
    const settings: Setting[] = [
      ['samples.adapter', 'first'],
      ['samples.temperature', '4'],
      ['samples.topP', '0.9'],
    ];
    const { state } = await ran(settings);
    expect((await ran(settings)).state.texts).toEqual(state.texts);
    expect((await ran([...settings, ['seed', '5']])).state.texts).not.toEqual(state.texts);
  });

  it('can be stopped early, and refuses a prompt longer than the context', async () => {
    const before = engine.memory();
    expect((await ran([['samples.adapter', 'first']], saved, 6)).events).toHaveLength(6);
    expect(engine.memory()).toEqual(before);
  });
});
