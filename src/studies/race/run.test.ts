/** Races on a tiny decoder: events, budgets, stopping and resuming. */
import { runStudy, savedIn, studyContext } from '../../../test/studies.ts';
import { expectRecognised } from '../../../test/study-digest.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defined, elementAt } from '../../checked.ts';
import { randomAdapters, trainingBatch } from '../../../test/training-data.ts';
import { tinyDecoderGraph } from '../../../test/tiny-decoder.ts';
import { openTiny } from '../../../test/tiny-engine.ts';
import { compile } from '../../compiler/index.ts';
import { createEngine, type CutEngine } from '../../engine/cut-engine.ts';
import { evaComponents } from '../../methods/importance/eva.run.ts';
import { toEnd } from '../../methods/to-end.ts';
import { heldOutLoss } from '../../methods/training.ts';
import { pickSequences } from '../../methods/windows.ts';
import { weightBytes } from '../../model/memory.ts';
import { cpuBackend } from '../../engine/backends/test-backends.ts';
import type { ModelFacts } from '../map/events.ts';
import { measure } from './measure.ts';
import { runRace } from './run.ts';
import { raceEvidence } from './digest.ts';
import { RACE_ENTRIES } from './entries.ts';
import type { RaceSettings } from './settings.ts';
import { reduceRace } from './state.ts';
import { parseSpec } from '../../experiment/schema.ts';
import type { TrainingSettings } from '../../spec/spec.ts';
import { adapterUse, type SavedAdapter } from '../saved-adapter.ts';

const study = { run: runRace, reduce: reduceRace };

let engine: CutEngine;
let model: ModelFacts;

beforeAll(async () => {
  ({ engine, model } = await openTiny());
}, 60_000);

afterAll(() => engine.dispose());

/** The context of a race. Its texts are eight sequences, the last two of them held-out. */
function contextOf(
  race: Partial<RaceSettings>,
  training: Partial<TrainingSettings> = {},
  importances: number[] | null = model.modules.map((_, i) => 1 + i),
) {
  const saved = new Map<string, SavedAdapter>();
  const all = trainingBatch(8);
  const spec = parseSpec({
    sequences: 2,
    length: 6,
    method: { name: 'adarank', repeats: 1 },
    training: { length: 6, steps: 6, batch: 2, learningRate: 0.02, evaluateEvery: 2, ...training },
    race: { sequences: 2, ...race },
  });
  const context = studyContext({
    spec,
    model,
    engine,
    importances,
    tokens: async (text, { sequences }) =>
      pickSequences(
        all,
        text === spec.training.held ? [6, 7] : [0, 1, 2, 3, 4, 5].slice(0, Math.min(6, sequences)),
      ),
    ...savedIn(saved),
  });
  return { context, saved };
}

describe('a race', { timeout: 60_000 }, () => {
  it('trains every entry on the same data, in turns, from the same loss', async () => {
    const { context, saved } = contextOf({
      entries: ['adarank', 'uniform', 'random'],
      meanRanks: [2],
      seeds: 2,
    });
    const { state, events } = await runStudy(study, context);
    const result = defined(state.result);
    expect(result).toMatchObject({ format: 'rank-atlas-race', sequences: { train: 6, held: 2 } });
    expect(JSON.parse(JSON.stringify(result))).toEqual(result);
    expect(result.lanes.map((l) => [l.entry, l.seed])).toEqual(
      [1, 2].flatMap((seed) => ['adarank', 'uniform', 'random'].map((entry) => [entry, seed])),
    );
    for (const run of result.lanes) {
      expect(run.points.map((p) => p.step)).toEqual([0, 2, 4, 6]);
      expect(elementAt(run.points, 0).loss).toBe(result.base);
      expect(elementAt(run.points, -1).loss).not.toBeCloseTo(result.base, 3);
    }
    // No run gets ahead: between two of its held-out losses every other run had its turn.
    const held = events.flatMap((e) => (e.type === 'held' ? [e.lane] : []));
    expect(held).toEqual([...[0, 1, 2, 0, 1, 2, 0, 1, 2], ...[3, 4, 5, 3, 4, 5, 3, 4, 5]]);
    // Only random's ranks change with the seed.
    const ranks = (lane: number) => elementAt(result.lanes, lane).ranks;
    expect(ranks(0)).toEqual(ranks(3));
    expect(ranks(2)).not.toEqual(ranks(5));
    expect(new Set(ranks(1))).toEqual(new Set([2]));
    for (const { parameters } of result.lanes)
      expect(Math.abs(parameters / elementAt(result.lanes, 1).parameters - 1)).toBeLessThan(0.02);
    expect([...saved.keys()].sort()).toEqual(['race/adarank', 'race/random', 'race/uniform']);
    expect(defined(saved.get('race/adarank')).values.map((v) => v.rank)).toEqual(
      ranks(0).filter((r) => r > 0),
    );
    await expectRecognised(raceEvidence, state, {
      model: (s) => (defined(s.result).model.hash = 'cd'),
      ranks: (s) => (elementAt(defined(s.result).lanes, 5).ranks[0]! += 1),
      losses: (s) => (elementAt(elementAt(defined(s.result).lanes, 5).points, 1).loss += 0.01),
    });
  });

  it('measures every allocation itself without a map', async () => {
    const measured = RACE_ENTRIES.filter((e) => e !== 'imported');
    const { context } = contextOf(
      { entries: measured, meanRanks: [1] },
      { steps: 1, evaluateEvery: 0 },
      null,
    );
    const {
      state: { result },
    } = await runStudy(study, context);
    expect(defined(result).measured.map((m) => m.entry)).toEqual(measured);
    const of = (entry: string) =>
      defined(defined(result).measured.find((m) => m.entry === entry)).importances;
    defined(of('inverse')).forEach((v, i) =>
      expect(v).toBeCloseTo(1 / defined(of('adarank'))[i]!, 6),
    );
    for (const entry of ['adarank', 'jacobian', 'fisher', 'gora', 'gradient-rank', 'spectrum'])
      for (const v of defined(of(entry))) expect(v).toBeGreaterThan(0);
    expect(defined(result).standings).toHaveLength(measured.length);
    for (const { loss } of defined(result).standings) expect(loss).toBeGreaterThan(0);
  });

  it('runs one race for each mean rank, and spends equal ranks if set', async () => {
    const { context } = contextOf(
      { entries: ['adarank', 'uniform'], meanRanks: [1, 3], equal: 'ranks' },
      { steps: 1 },
    );
    const {
      state: { result },
    } = await runStudy(study, context);
    expect(
      defined(result).lanes.map((l) => [
        l.meanRank,
        l.ranks.reduce((a, b) => a + b, 0) / l.ranks.length,
      ]),
    ).toEqual([
      [1, 1],
      [1, 1],
      [3, 3],
      [3, 3],
    ]);
    expect(defined(result).standings.map((s) => [s.meanRank, s.entry])).toEqual([
      [1, 'adarank'],
      [1, 'uniform'],
      [3, 'adarank'],
      [3, 'uniform'],
    ]);
  });

  it('trains an imported adapter further from its own loss, whatever its scales, also after a reload', async () => {
    const settings = [
      { entries: ['uniform', 'imported'], meanRanks: [1], seeds: 2 },
      { steps: 4 },
    ] as const satisfies [Partial<RaceSettings>, Partial<TrainingSettings>];
    const imported: SavedAdapter = {
      name: 'imported',
      base: 'as-is',
      values: randomAdapters(engine.modules, (m) => m.index % 3),
      scales: [],
    };
    imported.scales = imported.values.map((v) => 0.5 + (v.module % 2));
    const { context, saved } = contextOf(...settings);
    await expect(runStudy(study, context)).rejects.toMatchObject({
      code: 'bad-spec',
      values: { at: 'race.entries' },
    });
    saved.set('imported', imported);
    const { state } = await runStudy(study, context);
    const { checkpoint } = await runStudy(study, context, {
      stop: (event) => event.type === 'held' && event.step === 2,
    });
    const runs = defined(state.result).lanes.filter((l) => l.entry === 'imported');
    const adapters = await engine.adapters(imported.values);
    const before = await heldOutLoss(
      engine,
      await context.tokens(context.spec.training.held, { sequences: 2, length: 6 }),
      2,
      adapterUse(imported, adapters),
    );
    adapters.dispose();
    for (const run of runs) {
      expect(run.ranks).toEqual(engine.modules.map((m) => m.index % 3));
      expect(elementAt(run.points, 0).loss).toBeCloseTo(before, 5);
      expect(elementAt(run.points, 0).loss).not.toBeCloseTo(defined(state.base), 3);
      expect(run.points.map((p) => p.step)).toEqual([0, 2, 4]);
      expect(elementAt(run.points, -1).loss).not.toBeCloseTo(before, 3);
    }
    expect(defined(saved.get('race/imported')).values).toHaveLength(imported.values.length);
    // The new context has no imported adapter.
    const resumed = await runStudy(study, contextOf(...settings).context, { from: checkpoint });
    expect(defined(resumed.state.result).lanes).toEqual(defined(state.result).lanes);
  });

  it('starts `eva-uniform` with EVA’s directions at uniform ranks, and refuses too few directions', async () => {
    const { context } = contextOf({ meanRanks: [2] });
    const batch = pickSequences(trainingBatch(8), [0, 1]);
    const components = await evaComponents(engine, batch, 2);
    const { importances, ranks, adapters } = await toEnd(
      measure(context, 'eva-uniform', batch, null),
    );
    const given = ranks({ meanRank: 2, equal: 'parameters' }, 1);
    expect([importances, new Set(given)]).toEqual([null, new Set([2])]);
    const begun = adapters(1, given);
    expect(begun.map((a) => a.module)).toEqual(engine.modules.map((m) => m.index));
    for (const { module, loraA, loraB } of begun) {
      const width = elementAt(engine.modules, module).inFeatures;
      elementAt(components, module).directions.forEach((d, r) =>
        expect([...loraA.subarray(r * width, (r + 1) * width)]).toEqual([...Float32Array.from(d)]),
      );
      expect(new Set(loraB)).toEqual(new Set([0]));
    }
    // Two tokens have one direction about their mean.
    const few = { sequences: 1, length: 2, ids: batch.ids.slice(0, 2) };
    await expect(toEnd(measure(context, 'eva-uniform', few, null))).rejects.toMatchObject({
      code: 'bad-spec',
      values: { at: 'race.sequences' },
    });
  });

  it('refuses a race that does not fit before it measures anything', async () => {
    const { context } = contextOf({ entries: ['adarank', 'uniform'] });
    const compiled = compile(tinyDecoderGraph({ weights: 'q4' }));
    const small = createEngine({
      model: compiled,
      backend: await cpuBackend(1),
      memoryBudgetBytes: weightBytes(compiled) + 3e4,
    });
    await expect(runStudy(study, { ...context, engine: small })).rejects.toMatchObject({
      code: 'training-too-large',
    });
    await small.dispose();
  });

  it('stops a run at its last finite step if its loss is not finite, and continues the others', async () => {
    const { context } = contextOf(
      { entries: ['adarank', 'uniform'] },
      { learningRate: 1, maxNorm: 0, steps: 6 },
    );
    // The engine rejects the third step of the first adapters it receives.
    let first: unknown = null;
    let steps = 0;
    context.engine = new Proxy(engine, {
      get(target, key) {
        if (key === 'trainStep') {
          return (...args: Parameters<CutEngine['trainStep']>) => {
            first ??= args[1].adapters;
            if (args[1].adapters === first && ++steps === 3)
              args[2] = { ...args[2], learningRate: NaN };
            return target.trainStep(...args);
          };
        }
        const value = Reflect.get(target, key, target) as unknown;
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const { state } = await runStudy(study, context);
    const [stopped, other] = state.lanes;
    expect(stopped).toMatchObject({ entry: 'adarank', finished: true });
    expect(defined(stopped).stopped).toBeGreaterThanOrEqual(3);
    expect(defined(stopped).step).toBe(defined(defined(stopped).stopped) - 1);
    for (const { loss } of defined(stopped).points) expect(Number.isFinite(loss)).toBe(true);
    expect(other).toMatchObject({ stopped: null, step: 6, finished: true });
    expect(defined(state.result).standings[0]).toMatchObject({ entry: 'adarank', stopped: 1 });
  });

  it.each(['measuring', 'step'] as const)(
    'disposes everything if the caller stops after %s',
    async (type) => {
      const { context } = contextOf({ entries: ['adarank', 'uniform'] }, { steps: 1 }, null);
      await runStudy(study, context);
      let open = 0;
      const counted = <T extends { dispose(): void }>(derived: T): T => {
        open++;
        const dispose = derived.dispose.bind(derived);
        return Object.assign(derived, {
          dispose: () => {
            open--;
            dispose();
          },
        });
      };
      context.engine = new Proxy(engine, {
        get(target, key) {
          if (key === 'cleanPass')
            return async (...args: Parameters<CutEngine['cleanPass']>) =>
              counted(await target.cleanPass(...args));
          if (key === 'adapters')
            return async (...args: Parameters<CutEngine['adapters']>) =>
              counted(await target.adapters(...args));
          const value = Reflect.get(target, key, target) as unknown;
          return typeof value === 'function' ? value.bind(target) : value;
        },
      });
      let max = 0;
      await runStudy(study, context, {
        stop: (event) => {
          max = Math.max(max, open);
          return event.type === type && open > 0;
        },
      });
      expect(max).toBeGreaterThan(0);
      expect(open).toBe(0);
    },
  );
});

describe('a race resumed', { timeout: 60_000 }, () => {
  it.each([
    ['while EVA is measured', 3],
    ['between two held-out losses', 14],
    ['at a step whose held-out loss is still to come', 0],
    ['in its second seed', 40],
  ])('%s ends with identical numbers', async (when, after) => {
    const settings = [
      { entries: ['adarank', 'eva', 'random'], meanRanks: [1], seeds: 2 },
      { steps: 4 },
    ] as const satisfies [Partial<RaceSettings>, Partial<TrainingSettings>];
    const whole = await runStudy(study, contextOf(...settings).context);
    const { checkpoint } = await runStudy(study, contextOf(...settings).context, {
      stop: (event, count) =>
        after > 0 ? count === after : event.type === 'step' && event.step === 2,
    });
    const again = contextOf(...settings);
    const resumed = await runStudy(study, again.context, { from: checkpoint });
    expect(elementAt(resumed.events, 0).type, when).toBe('resumed');
    expect(defined(resumed.state.result).lanes).toEqual(defined(whole.state.result).lanes);
    expect(defined(resumed.state.result).standings).toEqual(defined(whole.state.result).standings);
    expect([...again.saved.keys()].sort()).toEqual(['race/adarank', 'race/eva', 'race/random']);
  });
});
