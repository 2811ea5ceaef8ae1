/**
 * The slider study on a tiny decoder: what it says and keeps, the ranks of a map, comparison, and
 * going on where it stood.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defined, elementAt } from '../../checked.ts';
import { trainingBatch } from '../../../test/training-data.ts';
import { tinyDecoderGraph } from '../../../test/tiny-decoder.ts';
import { compile } from '../../compiler/index.ts';
import { createEngine, type CutEngine } from '../../engine/cut-engine.ts';
import { nf4Model } from '../../engine/nf4-model.ts';
import { wasmBackend } from '../../engine/test-backends.ts';
import { heldOutLoss } from '../../methods/training.ts';
import { checkpointKey } from '../checkpoint.ts';
import { parseSpec } from '../../experiment/schema.ts';
import { setByPaths, type Setting } from '../../experiment/settings.ts';
import { runSlider, type SliderCheckpoint, type SliderEvent, type SliderResult } from './run.ts';
import { reduceSlider, type SliderState } from './state.ts';
import { doingNow, parametersAt, separateLosses, verdictOf } from './verdict.ts';
import type { ExperimentSpec } from '../spec.ts';
import { adapterUse, keptAtRank, type KeptAdapter, type StudyContext } from '../context.ts';

const small = (...settings: Setting[]) =>
  setByPaths(parseSpec({}), [
    ['training.steps', '4'],
    ['training.batch', '2'],
    ['training.learningRate', '0.02'],
    ['training.evaluateEvery', '2'],
    ['slider.rank', '3'],
    ...settings,
  ]);

describe('the settings', () => {
  it.each([
    ['slider.rank', '65', 'slider.rank'],
    ['slider.mode', 'thaw', 'slider.mode'],
    ['slider.compare', '[17]', 'slider.compare'],
    ['slider.compare', '[2,2]', 'slider.compare'],
    ['slider.draw.p', '0.5', 'slider.draw.p'],
  ])('refuse %s = %s by name', (path, value, at) => {
    expect(() => setByPaths(parseSpec({}), [[path, value]])).toThrow(
      expect.objectContaining({ code: 'bad-spec', values: expect.objectContaining({ at }) }),
    );
  });

  it('name a checkpoint by all that the study goes by, and by nothing else', () => {
    const key = (...settings: Setting[]) => checkpointKey('slider', small(...settings), 'ab', '1');
    expect(key(['study', 'slider'])).toBe(key());
    expect(key(['race.seeds', '3'])).toBe(key());
    for (const [path, value] of [
      ['seed', '2'],
      ['slider.alpha', '8'],
      ['training.steps', '5'],
    ] as const)
      expect(key([path, value])).not.toBe(key());
    // The map's text decides the ranks where these follow the map, and only there.
    const map = ['slider.ranks', 'map'] as const;
    const text = ['text.id', 'jargon-eval'] as const;
    expect(key(text)).toBe(key());
    expect(key(map, text)).not.toBe(key(map));
    expect(checkpointKey('slider', small(), 'cd', '1')).not.toBe(key());
    expect(checkpointKey('slider', small(), 'ab', '2')).not.toBe(key());
    expect(checkpointKey('race', small(), 'ab', '1')).not.toBe(key());
  });
});

describe('the study', { timeout: 120_000 }, () => {
  const backend = wasmBackend();
  const compiled = compile(tinyDecoderGraph());
  const batch = trainingBatch(4);
  const { dialect, layers, hidden, vocab, modules } = compiled;
  const model = {
    id: 'bundled:tiny',
    title: 'tiny',
    hash: 'ab',
    bytes: 0,
    dialect,
    layers,
    hidden,
    vocab,
    modules,
  };
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
    events: SliderEvent[];
    state: SliderState;
    kept: Map<string, KeptAdapter>;
    result: SliderResult | null;
    checkpoint: SliderCheckpoint | null;
  }

  /** Runs it, to its end or for so many events; then where it stands. */
  async function ran(
    spec: ExperimentSpec,
    {
      from,
      stop = Infinity,
      importances = null,
    }: { from?: SliderCheckpoint; stop?: number; importances?: number[] | null } = {},
  ): Promise<Ran> {
    const kept = new Map<string, KeptAdapter>();
    const events: SliderEvent[] = [];
    let take = null as (() => Promise<unknown>) | null;
    let state: SliderState | null = null;
    let checkpoint: SliderCheckpoint | null = null;
    const context: StudyContext = {
      spec,
      model,
      provider: engine.provider,
      versions: { rankAtlas: '', onnxruntime: '' },
      engine,
      importances,
      tokens: async () => batch,
      encode: async () => new Int32Array(),
      prompt: async () => new Int32Array(),
      endTokens: async () => [],
      decode: async () => '',
      derive,
      keep: (adapter) => kept.set(adapter.name, adapter),
      kept: (name) => kept.get(name),
      newest: () => [...kept.values()].at(-1),
      now: () => 0,
      checkpoint: {
        from,
        offer: (latest) => {
          take = latest;
        },
      },
    };
    for await (const event of runSlider(context)) {
      if (event.type === 'judging') continue;
      events.push(event);
      state = reduceSlider(state, event);
      if (events.length === stop) {
        checkpoint = structuredClone(await defined(take)()) as SliderCheckpoint;
        break;
      }
    }
    return { events, state: defined(state), kept, result: defined(state).result, checkpoint };
  }

  it('trains once, judges every rank, trains LoRAs beside, and keeps what it trained', async () => {
    const { state, kept, result } = await ran(small(['slider.compare', '[2]']));
    expect(defined(result).base.perWeight).toBeGreaterThan(0.5);
    expect(defined(result).curve.losses.map((l) => l.rank)).toEqual([1, 2, 3]);
    expect(defined(result).separate).toMatchObject([{ rank: 2, steps: { length: 4 } }]);
    expect(JSON.parse(JSON.stringify(state))).toEqual(state);
    expect(separateLosses(state)).toEqual([
      { rank: 2, loss: elementAt(elementAt(defined(result).separate, 0).evaluations, -1).loss },
    ]);
    expect(parametersAt(state, modules, 3)).toBe(defined(result).training.parameters);
    expect(parametersAt(state, modules, 2)).toBe(elementAt(defined(result).separate, 0).parameters);
    expect(verdictOf(state)).toMatchObject({
      knee: defined(result).curve.knee,
      base: elementAt(defined(result).training.evaluations, 0).loss,
    });
    expect([...kept.keys()]).toEqual(['slider', 'slider/lora-2']);

    // Cut to a rank, the adapter is worth what the curve says, on the weights it was trained on.
    const nf4 = await derive();
    for (const { rank, loss } of defined(result).curve.losses) {
      const cut = keptAtRank(defined(kept.get('slider')), rank);
      const adapters = await nf4.adapters(cut.values);
      expect(await heldOutLoss(nf4, batch, 2, adapterUse(cut, adapters))).toBeCloseTo(loss, 6);
      adapters.dispose();
    }
    await nf4.dispose();
  });

  it('gives every module the rank that the map says', async () => {
    const importances = modules.map((_, i) => (i % 3) + 1);
    const { result } = await ran(
      small(
        ['slider.ranks', 'map'],
        ['training.steps', '1'],
        ['slider.base', 'as-is'],
        ['allocation.rounding', 'exact'],
        ['allocation.rMax', '6'],
      ),
      { importances },
    );
    const ranks = defined(result).modules.map((m) => m.rank);
    expect(ranks.reduce((a, b) => a + b, 0)).toBe(3 * modules.length);
    expect(ranks[0]!).toBeLessThan(ranks[2]!);
    expect(elementAt(defined(result).curve.losses, -1).rank).toBe(Math.max(...ranks));
    await expect(ran(small(['slider.ranks', 'map']))).rejects.toMatchObject({
      code: 'bad-spec',
      values: { at: 'slider.ranks' },
    });
  });

  // Events: start, base, then training 0 (begun, evaluation, steps and evaluations, ranks), then
  // training 1 from event 14 on.
  it('goes on, wherever it was stopped, as if it had never been', async () => {
    const spec = small(
      ['slider.compare', '[2]'],
      ['training.steps', '3'],
      ['slider.base', 'as-is'],
    );
    const never = await ran(spec);
    for (const stop of [6, 11, 14]) {
      const { checkpoint, state } = await ran(spec, { stop });
      expect(doingNow(state)).not.toBeNull();
      const again = await ran(spec, { from: defined(checkpoint) });
      expect(again.events).toEqual(never.events);
      expect(again.kept).toEqual(never.kept);
    }
  });
});
