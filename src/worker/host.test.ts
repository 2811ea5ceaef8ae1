/**
 * The worker without a browser: the real host, engine and runtime in Node, with the bundled model
 * from disk.
 */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as ort from 'onnxruntime-web';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { defined, elementAt } from '../checked.ts';
import type { Ort } from '../engine/backends/ort.ts';
import { measurementOf, type Measurement } from '../studies/map/state.ts';
import { defaultSpec } from '../experiment/schema.ts';
import type { ExperimentSpec } from '../studies/spec.ts';
import type { RaceState } from '../studies/race/state.ts';
import { readSafetensors } from '../model/safetensors.ts';
import { nodeFiles } from '../model/node-files.ts';
import { openModel } from '../model/repository.ts';
import { EngineHost } from './host.ts';
import type {
  AdapterSummary,
  FromWorker,
  RequestName,
  Requests,
  StudyNews,
  ToWorker,
} from './protocol.ts';

const model = resolve(fileURLToPath(import.meta.url), '../../../public/models/atlas-3m');
const ids = [0, 1].map((s) => Array.from({ length: 8 }, (_, i) => (97 * (8 * s + i + 1)) % 2048));
const spec = {
  ...defaultSpec(),
  text: { kind: 'ids' as const, ids },
  sequences: 2,
  length: 8,
  method: { ...defaultSpec().method, repeats: 2 },
};
const source = { kind: 'bundled' as const, id: 'atlas-3m' };

/** The page's side, as in client.ts but without a thread. */
class Page {
  readonly pushed: FromWorker[] = [];
  measurement: Measurement | null = null;
  race: RaceState | null = null;
  adapters: AdapterSummary[] = [];
  onStudy: (news: StudyNews) => void = () => undefined;
  private runs = 0;
  private readonly waiting = new Map<
    number,
    { resolve(a: unknown): void; reject(e: unknown): void }
  >();
  private next = 1;
  private readonly host = new EngineHost({
    send: (message) => this.receive(structuredClone(message)),
    files: () => nodeFiles(model),
    runtime: async () => {
      ort.env.wasm.numThreads = 1;
      return ort as unknown as Ort;
    },
    gpu: async () => null,
    memoryLimit: () => 2e9,
  });

  ask<K extends RequestName>(name: K, ask: Requests[K]['ask']): Promise<Requests[K]['answer']> {
    const id = this.next++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve: resolve as (a: unknown) => void, reject });
      this.host.receive({ kind: 'ask', id, name, ask } as ToWorker);
    });
  }

  /** Runs the study of an experiment. */
  run(
    of: ExperimentSpec,
    more: Partial<Requests['study']['ask']> = {},
  ): Promise<Requests['study']['answer']> {
    return this.ask('study', {
      run: ++this.runs,
      study: of.study,
      spec: of,
      texts: {},
      importances: null,
      ...more,
    });
  }

  control(action: Extract<ToWorker, { kind: 'control' }>['action']): void {
    this.host.receive({ kind: 'control', action });
  }

  private receive(message: FromWorker): void {
    this.pushed.push(message);
    if (message.kind === 'study') {
      expect(message.run).toBe(this.runs);
      if ('lanes' in message.state) this.race = message.state as RaceState;
      else this.measurement = message.state as Measurement;
      this.adapters = message.adapters;
      this.onStudy(message);
    } else if (message.kind === 'reply')
      defined(this.waiting.get(message.id)).resolve(message.answer);
    else if (message.kind === 'failed') defined(this.waiting.get(message.id)).reject(message);
  }
}

describe('the engine host', { timeout: 120_000 }, () => {
  const page = new Page();
  let whole: Measurement;

  beforeAll(async () => {
    const { facts, provider, selfTest, providers } = await page.ask('open', {
      source,
      provider: 'auto',
    });
    expect(facts.modules).toHaveLength(56);
    expect(provider.kind).toBe('wasm');
    expect(providers).toEqual(['wasm']);
    expect(selfTest.checks.filter((c) => !c.ok)).toEqual([]);
    expect(selfTest.checks[0]).toMatchObject({ name: 'pipeline', ok: true });
    expect(await page.run(spec)).toEqual({ finished: true });
    whole = defined(page.measurement);
  }, 120_000);

  afterEach(() => {
    vi.restoreAllMocks();
  });
  afterAll(() => page.control('cancel'));

  it('runs an experiment to its result', () => {
    expect(defined(whole.result).modules).toHaveLength(56);
    expect(measurementOf(defined(whole.result)).draws).toEqual(whole.draws);
    expect(Math.min(...whole.draws.flat())).toBeGreaterThan(0);
  });

  it('gives the same numbers again', async () => {
    await page.run(spec);
    expect(defined(page.measurement).draws).toEqual(whole.draws);
  });

  it('pauses between batches, steps one module, and resumes without a loss of draws', async () => {
    sendEveryEvent();
    const drawn = () => defined(page.measurement).draws.flat().length;
    /** Resolves when the run has drawn and waits; `first` sees every message before. */
    const untilWaiting = (first: () => void = () => undefined) =>
      new Promise<void>((done) => {
        const from = page.measurement?.result ? 0 : drawn();
        page.onStudy = ({ waiting }) => {
          if (drawn() === from) return;
          if (waiting) done();
          else first();
        };
      });
    const paused = untilWaiting(() => page.control('pause'));
    const finished = page.run(spec);
    await paused;
    const before = drawn();
    expect(before).toBeLessThan(112);
    const stepped = untilWaiting();
    page.control('step');
    await stepped;
    expect(drawn()).toBe(before + 1);
    page.onStudy = () => undefined;
    page.control('resume');
    expect(await finished).toEqual({ finished: true });
    defined(page.measurement)
      .draws.flat()
      .forEach((d, i) => expect(d / whole.draws.flat()[i]!).toBeCloseTo(1, 4));
  });

  it('stops on request, and resumes from its draws', async () => {
    page.onStudy = () => {
      page.onStudy = () => undefined;
      page.control('cancel');
    };
    expect(await page.run(spec)).toEqual({ finished: false });
    const known = defined(page.measurement).draws.map((d) => [...d]);
    expect(known.flat().length).toBeLessThan(112);
    expect(await page.run(spec, { from: { measured: known } })).toEqual({
      finished: true,
    });
    expect(defined(defined(page.measurement).result).modules.map((m) => m.rank)).toEqual(
      defined(whole.result).modules.map((m) => m.rank),
    );
  });

  it('explains a probe with the numbers the run used', async () => {
    const detail = await page.ask('explain', { spec, texts: '', module: 9, repeat: 0 });
    expect(detail.value / elementAt(whole.draws, 9)[0]!).toBeCloseTo(1, 4);
    expect(detail.labels).toHaveLength(detail.tokens.length);
    expect(detail.restCount).toBe(2048 - detail.tokens.length);
  });

  it('draws a picture of weights, noise and delta', async () => {
    const picture = await page.ask('picture', { spec, module: 0, repeat: 0, rank: 4 });
    for (const part of [picture.weights, picture.noise, picture.delta]) {
      expect(part).toHaveLength(picture.width * picture.height);
      expect(part.some((v) => v !== 0)).toBe(true);
    }
  });

  it('inspects a model without loading it', async () => {
    const { facts, refusal, need } = await page.ask('inspect', {
      source,
      sequences: 8,
      length: 64,
      provider: 'auto',
    });
    expect(facts.layers).toBe(8);
    expect(refusal).toBeNull();
    expect(need.total).toBe(need.weights + need.activations + need.workspace);
  });

  const text = {
    kind: 'ids' as const,
    ids: Array.from({ length: 6 }, (_, s) =>
      Array.from({ length: 12 }, (_, i) => (97 * (12 * s + i + 1)) % 2048),
    ),
  };
  const race = {
    ...spec,
    study: 'race' as const,
    race: {
      ...spec.race,
      entries: ['adarank' as const, 'uniform' as const],
      meanRanks: [1],
      seeds: 1,
    },
    training: {
      ...spec.training,
      train: text,
      held: text,
      length: 12,
      heldSequences: 2,
      steps: 4,
      batch: 2,
      evaluateEvery: 2,
    },
  };
  const importances = () => whole.draws.map((d) => d.reduce((a, b) => a + b, 0) / d.length);

  it('runs a study, which pauses and goes on, and keeps what it trained', async () => {
    sendEveryEvent();
    const begun = new Promise<void>((begin) => {
      page.onStudy = ({ waiting }) => {
        if (!defined(page.race).lanes.some((l) => l.step >= 1)) return;
        if (waiting) begin();
        else page.control('pause');
      };
    });
    const finished = page.run(race, { importances: importances() });
    await begun;
    const steps = () => defined(page.race).lanes.reduce((sum, l) => sum + l.step, 0);
    const before = steps();
    const stepped = new Promise<void>((done) => {
      page.onStudy = ({ waiting }) => {
        if (waiting && steps() > before) done();
      };
    });
    page.control('step');
    await stepped;
    expect(steps()).toBe(before + 1);
    expect(defined(page.race).result).toBeNull();
    page.onStudy = () => undefined;
    page.control('resume');
    expect(await finished).toEqual({ finished: true });
    expect(defined(page.race).lanes.map((l) => [l.entry, l.step])).toEqual([
      ['adarank', 4],
      ['uniform', 4],
    ]);
    expect(page.adapters.map((a) => a.name).sort()).toEqual(['race/adarank', 'race/uniform']);
    // PEFT has no adapter of rank 0, so the imported adapter has the same ranks.
    const ranks = defined(page.adapters.find((a) => a.name === 'race/adarank')).ranks;
    expect(ranks).toEqual(elementAt(defined(page.race).lanes, 0).ranks);

    const { files } = await page.ask('exportAdapter', { name: 'race/adarank' });
    const [config, weights] = ['adapter_config.json', 'adapter_model.safetensors'].map(
      (name) => defined(files.find((f) => f.name === name)).bytes,
    );
    const { adapter } = await page.ask('importAdapter', {
      config: defined(config),
      weights: defined(weights),
    });
    expect(adapter).toMatchObject({ name: 'imported', ranks });
    const [own, imported] = [
      await page.ask('judge', { name: 'race/adarank', spec: race, texts: {} }),
      await page.ask('judge', { name: 'imported', spec: race, texts: {} }),
    ];
    expect(own.base).toBeCloseTo(defined(defined(page.race).base), 5);
    expect(own.adapted).toBeCloseTo(
      elementAt(elementAt(defined(page.race).lanes, 0).points, -1).loss,
      5,
    );
    expect(imported).toEqual(own);
    await expect(page.ask('exportAdapter', { name: 'race/nobody' })).rejects.toMatchObject({
      code: 'no-adapter',
    });
  });

  it('derives and caches the base of an experiment, measures and trains on it, and switches back', async () => {
    const based = {
      ...race,
      study: 'map' as const,
      base: 'pruned' as const,
      prune: { ...spec.prune, rounds: 1, meanRank: 2, samples: 3, baselines: false },
      training: { ...race.training, steps: 2 },
      race: { ...race.race, entries: ['uniform' as const, 'random' as const] },
    };
    const making = () =>
      page.pushed.flatMap((m) => (m.kind === 'base' && m.making ? [m.making.share] : []));
    expect(await page.run(based)).toEqual({
      finished: true,
    });
    expect(making().length).toBeGreaterThan(0);
    expect(page.pushed.findLast((m) => m.kind === 'base')).toEqual({ kind: 'base', making: null });
    const on = defined(page.measurement).draws;
    expect(on.flat().some((d, i) => Math.abs(d / whole.draws.flat()[i]! - 1) > 0.05)).toBe(true);
    // Requests about the base use the base: half of the weights in the picture are zero.
    const zeros = async (s: typeof spec) => {
      const { weights } = await page.ask('picture', { spec: s, module: 0, repeat: 0, rank: 4 });
      return weights.filter((w) => w === 0).length / weights.length;
    };
    expect(await zeros(based)).toBeGreaterThan(0.4);
    expect(
      (await page.ask('explain', { spec: based, texts: '', module: 9, repeat: 0 })).value /
        elementAt(on, 9)[0]!,
    ).toBeCloseTo(1, 4);

    // A known base is not made again. The race's adapters belong to it.
    const before = making().length;
    expect(await page.run({ ...based, study: 'race' })).toEqual({ finished: true });
    // Imported adapters can be used on every base.
    expect(page.adapters.map((a) => a.name).sort()).toEqual([
      'imported',
      'race/random',
      'race/uniform',
    ]);
    expect(
      (await page.ask('judge', { name: 'race/uniform', spec: based, texts: {} })).base,
    ).toBeCloseTo(defined(defined(page.race).base), 5);
    expect(making()).toHaveLength(before);

    const {
      files: [mask],
    } = await page.ask('exportPruned', { spec: based, file: 'mask.safetensors', dataName: 'x' });
    expect(
      readSafetensors(new Uint8Array(await defined(mask).content.arrayBuffer()), 'mask').tensors
        .size,
    ).toBe(56);
    await expect(
      page.ask('exportPruned', {
        spec: { ...based, seed: 5 },
        file: 'mask.safetensors',
        dataName: 'x',
      }),
    ).rejects.toMatchObject({ code: 'no-base' });

    await page.run(spec);
    defined(page.measurement)
      .draws.flat()
      .forEach((d, i) => expect(d / whole.draws.flat()[i]!).toBeCloseTo(1, 4));
    expect(await zeros(spec)).toBeLessThan(0.2);
    await expect(page.ask('judge', { name: 'race/random', spec, texts: {} })).rejects.toMatchObject(
      { code: 'no-adapter' },
    );
  }, 120_000);

  it('reports the BOS before a text and measures with it: equal numbers for equal ids', async () => {
    expect(await page.ask('bos', { kind: 'bundled', bos: 'tokenizer' })).toEqual({
      ids: [],
      tokens: [],
      by: 'tokenizer.json',
    });
    expect(await page.ask('bos', { kind: 'ids', bos: 'always' })).toEqual({
      ids: [],
      tokens: [],
      by: 'ids',
    });
    const bos = await page.ask('bos', { kind: 'own', bos: 'always' });
    const words = 'The light of the sun is not one colour but many, said he.';
    expect(bos).toEqual({ ids: [0], tokens: ['<|endoftext|>'], by: 'setting' });
    const tokens = (await (await openModel(await nodeFiles(model))).tokenizer()).encode(words);
    const one = { ...spec, sequences: 1, method: { ...spec.method, repeats: 1 } };
    const measured = async (of: Partial<ExperimentSpec>) => {
      await page.run({ ...one, ...of });
      const {
        cleanLoss,
        tokens: ran,
        modules,
        model: { bos: said },
      } = defined(defined(page.measurement).result);
      return { numbers: [cleanLoss, ran, modules.map((m) => m.importance)], said };
    };
    const asked = await measured({ text: { kind: 'own', text: words }, bos: 'always' });
    const given = await measured({ text: { kind: 'ids', ids: [[0, ...tokens.subarray(0, 7)]] } });
    expect(asked.numbers).toEqual(given.numbers);
    expect(asked.said).toEqual(bos);
  });

  it('answers a bad request with a code and stays usable', async () => {
    const bad = { ...spec, text: { kind: 'ids' as const, ids: [[0, 4096]] } };
    await expect(page.run(bad)).rejects.toMatchObject({
      kind: 'failed',
      code: 'bad-text',
    });
    expect((await page.ask('count', { spec, texts: '' })).sequences).toBe(2);
  });
});

/**
 * Events are sent at most ten times a second. The clock advances a second at each reading, so every
 * event is sent.
 */
function sendEveryEvent(): void {
  let now = performance.now();
  vi.spyOn(performance, 'now').mockImplementation(() => (now += 1000));
}
