import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defined, elementAt } from '../../checked.ts';
import { arithmeticEngine, type ArithmeticEngine } from '../../../test/arithmetic-engine.ts';
import type { TokenBatch } from '../../engine/engine.ts';
import { AtlasError } from '../../errors.ts';
import { compareDigest, digestOf } from '../../experiment/digest.ts';
import type { KnownDraws, RunEvent } from './events.ts';
import { textTable, toCsv, resultText } from './export.ts';
import { costOf, sweepsOf } from './draws.ts';
import { measurementOf, reduce, shareDone, timeLeft, type Measurement } from './state.ts';
import { rankTable } from './rank-table.ts';
import { parseResult } from '../../experiment/result-file.ts';
import type { RunResult } from './result.ts';
import { runMap, type MapContext } from './run.ts';
import { tokensHash } from './tokens-hash.ts';
import { pulled } from '../pulled.ts';
import { parseSpec } from '../../experiment/schema.ts';
import { setByPaths } from '../../experiment/settings.ts';

const ids = [
  [1, 2, 3, 4],
  [5, 6, 7, 8],
];
const batch: TokenBatch = { ids: Int32Array.from(ids.flat()), sequences: 2, length: 4 };
/** Mean rank 2: the test model's full rank is 6. */
const spec = parseSpec({
  text: { kind: 'ids', ids },
  method: { repeats: 4 },
  allocation: { meanRank: 2 },
});
const versions = { rankAtlas: '0.1.0', onnxruntime: '1.30.0' };

/** A clock that ticks at each reading, so that times are predictable. */
const ticking = () => {
  let t = 0;
  return () => t++;
};
const mapEvents = (context: MapContext) => pulled({ run: runMap, reduce }, context);

type Over = Partial<MapContext> & { known?: KnownDraws };

const options = (engine: ArithmeticEngine, { known, ...over }: Over = {}): MapContext => ({
  spec,
  engine,
  tokens: async () => batch,
  model: engine.facts,
  versions,
  now: ticking(),
  ...(known && { checkpoint: { from: known, offer: () => undefined } }),
  ...over,
});

async function run(
  o: MapContext,
  upTo = Infinity,
): Promise<{ events: RunEvent[]; state: Measurement }> {
  const events: RunEvent[] = [];
  let state: Measurement | null = null;
  for await (const { event, state: now } of mapEvents(o)) {
    events.push(event);
    state = now;
    if (events.length >= upTo) break;
  }
  return { events, state: defined(state) };
}

const resultOf = async (over: Over = {}): Promise<RunResult> =>
  defined((await run(options(arithmeticEngine(), over))).state.result);
const measuredPart = ({ modules, cleanLoss, tokens }: RunResult) => ({
  modules,
  cleanLoss,
  tokens,
});

test('a run says start, clean, four sweeps of draws, done; and lets go of its clean pass', async () => {
  const engine = arithmeticEngine();
  const { events, state } = await run(options(engine));
  expect(events.map((e) => e.type)).toEqual([
    'start',
    'clean',
    ...Array(4)
      .fill([...Array(4).fill(['probing', 'draws']).flat(), 'sweep'])
      .flat(),
    'done',
  ]);
  expect(engine.log.openPasses).toBe(0);
  const result = defined(state.result);
  expect(result.modules.map((m) => m.path)).toEqual(engine.modules.map((m) => m.path));
  result.modules.forEach((m, i) => {
    expect(m.draws).toEqual(state.draws[i]);
    expect(m.importance).toBeCloseTo(m.draws.reduce((a, b) => a + b) / 4, 12);
  });
  // proj of a later layer was made more important than fc of the first.
  expect(elementAt(result.modules, -1).rank).toBeGreaterThan(elementAt(result.modules, 0).rank);
  expect(result).toMatchObject({
    times: { clean: 1, measure: 16, firstSweep: 4 },
    tokens: { sequences: 2, length: 4 },
  });
  expect(state.times).toEqual(result.times);
});

test('the hash of tokens is that of their little-endian bytes', () => {
  // printf '\x01\0\0\0\x02\0\0\0' | sha256sum
  expect(tokensHash(Int32Array.of(1, 2))).toBe(
    '34fb5c825de7ca4aea6e712f19d439c1da0c92c37b423936c5f618545ca4fa1f',
  );
});

test('two runs are identical; another seed is another run', async () => {
  expect(measuredPart(await resultOf())).toEqual(measuredPart(await resultOf()));
  expect(elementAt((await resultOf({ spec: { ...spec, seed: 2 } })).modules, 0).draws).not.toEqual(
    elementAt((await resultOf()).modules, 0).draws,
  );
});

test('stepping measures the same', async () => {
  expect(measuredPart(await resultOf({ control: { granularity: () => 'module' } }))).toEqual(
    measuredPart(await resultOf()),
  );
});

test(
  'a run resumed from any point has the same result and measures nothing twice',
  { timeout: 30_000 },
  async () => {
    const reference = await resultOf();
    const total = (await run(options(arithmeticEngine()))).events.length;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: total - 1 }),
        fc.boolean(),
        fc.constantFrom(0, 80),
        async (stop, step, fullRows) => {
          const control = { granularity: () => (step ? ('module' as const) : ('layer' as const)) };
          // With 80 rows several repeats share a batch; the part that an interruption cut off is
          // measured again.
          const first = arithmeticEngine(undefined, fullRows);
          const second = arithmeticEngine(undefined, fullRows);
          const broken = (await run(options(first, { control }), stop)).state;
          expect(first.log.openPasses).toBe(0);
          const whole = await run(options(second, { known: structuredClone(broken) }));
          expect(measuredPart(defined(whole.state.result))).toEqual(measuredPart(reference));
          if (fullRows === 0)
            expect(first.log.probes.length + second.log.probes.length).toBe(4 * 8);
          // The events alone give the whole run, including known draws, and their time counts.
          expect(whole.state.draws.flat()).toHaveLength(32);
          if (fullRows === 0)
            expect(defined(whole.state.result).times.measure).toBeCloseTo(
              broken.times.measure + second.log.batches.length,
              9,
            );
        },
      ),
      { numRuns: 40 },
    );
  },
);

test('more repeats extend fewer; fewer repeats omit the rest', async () => {
  const { state } = await run(options(arithmeticEngine()));
  const engine = arithmeticEngine();
  const six = setByPaths(spec, [['method.repeats', '6']]);
  const longer = defined((await run(options(engine, { spec: six, known: state }))).state.result);
  expect(engine.log.probes).toHaveLength(2 * 8);
  expect(measuredPart(longer)).toEqual(measuredPart(await resultOf({ spec: six })));
  const two = setByPaths(spec, [['method.repeats', '2']]);
  expect(measuredPart(await resultOf({ spec: two, known: state }))).toEqual(
    measuredPart(await resultOf({ spec: two })),
  );
  await expect(resultOf({ known: { measured: [[1]] } })).rejects.toThrow('another model');
});

test('if the engine fails, its error is thrown, its pass is disposed, and the draws remain', async () => {
  const engine = arithmeticEngine();
  let calls = 0;
  const failing = {
    ...engine,
    disagreement: (...a: Parameters<typeof engine.disagreement>) =>
      ++calls > 5 ? Promise.reject(new AtlasError('device-lost')) : engine.disagreement(...a),
  };
  let state = null as Measurement | null;
  await expect(
    (async () => {
      for await (const now of mapEvents(options(failing))) state = now.state;
    })(),
  ).rejects.toMatchObject({ code: 'device-lost' });
  expect(engine.log.openPasses).toBe(0);
  expect(defined(state).draws.flat()).toHaveLength(10);
});

describe('other methods', () => {
  const jacobian = parseSpec({ text: spec.text, method: { name: 'jacobian', repeats: 12 } });
  const combined = parseSpec({
    text: spec.text,
    method: { name: 'combined', signs: 6, repeats: 3 },
  });

  test('the Jacobian probe: a draw a pass, all modules at once; nothing is perturbed', async () => {
    const engine = arithmeticEngine();
    const { events, state } = await run(options(engine, { spec: jacobian }));
    expect(engine.log.probes).toEqual([]);
    expect(engine.log.signs.map((s) => s.draw)).toEqual(Array.from({ length: 12 }, (_, d) => d));
    expect(events.filter((e) => e.type === 'probing').map((e) => e.repeat)).toEqual([0, 1, 9]);
    expect(engine.log.openPasses).toBe(0);
    const { modules } = defined(state.result);
    for (const m of modules) {
      expect(m.draws).toHaveLength(12);
      expect(m.importance).toBeCloseTo(m.draws.reduce((a, b) => a + b) / 12, 12);
      expect(m.measured).toBeUndefined();
    }
    // Its map approximates AdaRank's, within the precision of a tiny model.
    const truth = await resultOf({
      spec: parseSpec({
        text: spec.text,
        method: { repeats: 30, noise: { scale: 'fixed', sigma: 0.01 } },
      }),
    });
    const probe = await resultOf({
      spec: parseSpec({
        text: spec.text,
        method: { name: 'jacobian', repeats: 64, noise: { scale: 'fixed', sigma: 0.01 } },
      }),
    });
    probe.modules.forEach((m, i) =>
      expect(elementAt(truth.modules, i).importance / m.importance).toBeGreaterThan(0.7),
    );
    probe.modules.forEach((m, i) =>
      expect(elementAt(truth.modules, i).importance / m.importance).toBeLessThan(1.15),
    );
  });

  test('per token it asks for every position, and reads the same model', async () => {
    const engine = arithmeticEngine();
    const result = await resultOf({
      engine,
      spec: setByPaths(jacobian, [
        ['method.perToken', 'true'],
        ['method.repeats', '2'],
      ]),
    });
    expect(engine.log.signs).toHaveLength(2 * 4);
    const whole = await resultOf({ spec: jacobian });
    result.modules.forEach((m, i) =>
      expect(m.importance / elementAt(whole.modules, i).importance).toBeGreaterThan(0.4),
    );
  });

  test('combined: a map from passes alone, then one from every repeat with all passes; with an interval from the first repeat on', async () => {
    const engine = arithmeticEngine();
    let state: Measurement | null = null;
    const seen: [measured: number, maps: number, sure: boolean][] = [];
    for await (const { event, state: now } of mapEvents(options(engine, { spec: combined }))) {
      state = now;
      if (event.type === 'sweep')
        seen.push([
          sweepsOf(state.measured),
          sweepsOf(state.draws),
          rankTable({ ...state.model, ...state }, combined.allocation).settled !== null,
        ]);
    }
    expect(seen).toEqual([
      [1, 1, false],
      ...Array(5).fill([6, 1, false]),
      [7, 1, true],
      [8, 2, true],
      [9, 3, true],
    ]);
    const result = defined(defined(state).result);
    for (const m of result.modules) {
      expect([defined(m.measured).length, m.draws.length]).toEqual([9, 3]);
      expect(m.importance).toBeCloseTo(m.draws.reduce((a, b) => a + b) / 3, 12);
      expect(defined(m.standardError) / m.importance).toBeCloseTo(
        defined(defined(state).error),
        12,
      );
    }
    expect(parseResult(JSON.parse(resultText(result)))).toEqual(result);
    expect(measurementOf(result).draws).toEqual(defined(state).draws);
    expect(compareDigest(digestOf(result), result).kind).toBe('reproduced');
    const cut = JSON.parse(resultText(result));
    cut.modules.forEach((m: { measured: number[] }) => m.measured.pop());
    expect(() => parseResult(cut)).toThrow(expect.objectContaining({ code: 'bad-result' }));
  });

  test('each resumes from any point with the same result', { timeout: 30_000 }, async () => {
    for (const each of [jacobian, combined]) {
      const reference = await resultOf({ spec: each });
      const total = (await run(options(arithmeticEngine(), { spec: each }))).events.length;
      for (let stop = 1; stop < total; stop += 3) {
        const first = arithmeticEngine();
        const second = arithmeticEngine();
        const broken = (await run(options(first, { spec: each }), stop)).state;
        const whole = await run(
          options(second, {
            spec: each,
            known: structuredClone(broken),
            control: { granularity: () => (stop % 2 ? 'module' : 'layer') },
          }),
        );
        expect(measuredPart(defined(whole.state.result))).toEqual(measuredPart(reference));
        expect(second.log.openPasses).toBe(0);
      }
    }
  });

  test('more repeats extend fewer', async () => {
    const { state } = await run(options(arithmeticEngine(), { spec: combined }));
    const more = setByPaths(combined, [['method.repeats', '5']]);
    const engine = arithmeticEngine();
    expect(measuredPart(await resultOf({ spec: more, engine, known: state }))).toEqual(
      measuredPart(await resultOf({ spec: more })),
    );
    expect(engine.log.signs).toEqual([]);
    expect(engine.log.probes).toHaveLength(2 * 8);
  });

  test('time left falls to nothing, and so does the work', async () => {
    for (const each of [jacobian, combined]) {
      let state: Measurement | null = null;
      let last = Infinity;
      let share = 0;
      for await (const { event } of mapEvents(
        options(arithmeticEngine(), { spec: each, now: () => 0 }),
      )) {
        state = reduce(
          state,
          event.type === 'draws'
            ? {
                ...event,
                milliseconds:
                  10 *
                  event.modules.reduce(
                    (sum, m) =>
                      sum +
                      costOf(each.method, defined(state).model, {
                        length: 4,
                        module: m,
                        draw: event.repeat,
                      }),
                    0,
                  ),
              }
            : event,
        );
        if (event.type !== 'draws') continue;
        // At a constant pace it never rises.
        expect(defined(timeLeft(state))).toBeLessThan(last);
        expect(shareDone(state)).toBeGreaterThan(share);
        last = defined(timeLeft(state));
        share = shareDone(state);
      }
      expect([last, share]).toEqual([0, 1]);
    }
  });
});

describe('measurement', () => {
  test('refuses events out of order', async () => {
    expect(() => reduce(null, { type: 'sweep', repeat: 0, milliseconds: 1 })).toThrow();
    const { events } = await run(options(arithmeticEngine()), 4);
    const state = events.reduce<Measurement | null>(reduce, null);
    expect(() => reduce(state, elementAt(events, 3))).toThrow('out of order');
  });

  test('is not changed by later events', async () => {
    const { events } = await run(options(arithmeticEngine()));
    let state: Measurement | null = null;
    for (const event of events) {
      const before = structuredClone(state);
      const next = reduce(state, event);
      expect(state).toEqual(before);
      state = next;
    }
  });

  test('time left falls to 0, and is right when all layers cost the same per layer run', async () => {
    const engine = arithmeticEngine();
    let clock = 0;
    const priced = {
      ...engine,
      disagreement: async (...a: Parameters<typeof engine.disagreement>) => {
        for (const { module } of a[1])
          clock += engine.layers - elementAt(engine.modules, module).layer + 1;
        return engine.disagreement(...a);
      },
    };
    let state: Measurement | null = null;
    const total = 4 * 2 * (5 + 4 + 3 + 2);
    for await (const { event, state: now } of mapEvents(options(priced, { now: () => clock }))) {
      state = now;
      if (event.type === 'draws') expect(timeLeft(state)).toBeCloseTo(total - clock, 9);
    }
    expect(timeLeft(defined(state))).toBe(0);
  });
});

describe('the rank table', () => {
  test('has no ranks before every module has a draw, and no intervals before three sweeps', async () => {
    const { events } = await run(options(arithmeticEngine()));
    let state: Measurement | null = null;
    for (const event of events) {
      state = reduce(state, event);
      const table = rankTable(
        { modules: state.model.modules, draws: state.draws },
        spec.allocation,
      );
      const min = Math.min(...state.draws.map((d) => d.length));
      expect(table.sweeps).toBe(min);
      for (const row of table.rows) {
        expect(row.importance === null).toBe(row.draws.length === 0);
        expect(row.rank === null).toBe(min < 1);
        expect(row.range === null).toBe(min < 3);
        if (row.range) {
          expect(row.range.low).toBeLessThanOrEqual(defined(row.rank));
          expect(row.range.high).toBeGreaterThanOrEqual(defined(row.rank));
          expect(row.settled).toBe(row.range.low === row.range.high);
        }
      }
    }
  });

  test('shows the ranks of the result, at any budget, without measuring', async () => {
    const result = await resultOf();
    const { model, draws } = measurementOf(result);
    const table = rankTable({ modules: model.modules, draws }, spec.allocation);
    expect(table.rows.map((r) => r.rank)).toEqual(result.modules.map((m) => m.rank));
    expect(table.rows.map((r) => defined(r.multiple)).reduce((a, b) => a + b) / 8).toBeCloseTo(
      1,
      12,
    );
    const larger = rankTable(
      { modules: model.modules, draws },
      { ...spec.allocation, meanRank: 4, rounding: 'exact' },
    );
    expect(larger.allocation).toMatchObject({ budget: 32, spent: 32 });
  });

  test('identical sweeps settle every rank, as the paper computes it', () => {
    const modules = arithmeticEngine().modules;
    const table = rankTable(
      { modules, draws: modules.map((_, i) => [i + 1, i + 1, i + 1]) },
      spec.allocation,
    );
    expect(table.rows.map((r) => r.rank)).toEqual(
      modules.map((_, i) => Math.floor((2 * 8 * (i + 1)) / 36)),
    );
    expect(table.settled).toBe(8);
  });

  test('the range is the interval of multiples put through the rule, by hand', () => {
    const modules = arithmeticEngine()
      .modules.slice(0, 2)
      .map((m) => ({ ...m, inFeatures: 1000, outFeatures: 1000 }));
    // Multiples of module 0: 0.5, 0.6, 0.4. Mean 0.5, s 0.1, half-width 4.3027 · 0.1/√3 = 0.24841.
    const table = rankTable(
      {
        modules,
        draws: [
          [5, 6, 4],
          [15, 14, 16],
        ],
      },
      { ...spec.allocation, meanRank: 100 },
    );
    expect(table.rows[0]).toMatchObject({ rank: 50, range: { low: 25, high: 74 }, settled: false });
    expect(table.rows[1]).toMatchObject({ rank: 150, range: { low: 125, high: 174 } });
    expect(elementAt(table.rows, 0).margin).toBeCloseTo(2.4841, 4);
  });

  test('a model that nothing moves has no ranks but a reason', () => {
    const modules = arithmeticEngine().modules;
    const table = rankTable({ modules, draws: modules.map(() => [0, 0, 0]) }, spec.allocation);
    expect(table.refusal).toMatchObject({ code: 'no-importance' });
    expect(table.rows.every((r) => r.rank === null && r.range === null)).toBe(true);
  });
});

describe('files', () => {
  test('a result survives its JSON, and is refused when it is not one', async () => {
    const result = await resultOf();
    expect(parseResult(JSON.parse(resultText(result)))).toEqual(result);
    const broken: [unknown, string][] = [
      [null, 'the file'],
      [{ ...result, version: 2 }, 'version'],
      [{ ...result, modules: [] }, 'modules'],
      [{ ...result, modules: [{ ...result.modules[0], importance: -1 }] }, 'modules.0.importance'],
      [
        { ...result, modules: result.modules.map((m, i) => (i ? m : { ...m, draws: [1] })) },
        'modules',
      ],
      [{ ...result, modules: result.modules.map((m) => ({ ...m, layer: 4 })) }, 'modules'],
      [{ ...result, spec: { ...spec, seed: 'x' } }, 'spec.seed'],
    ];
    for (const [value, at] of broken) {
      expect(() => parseResult(value, 'run.json')).toThrow(
        expect.objectContaining({
          code: 'bad-result',
          values: expect.objectContaining({ file: 'run.json', at }),
        }),
      );
    }
  });

  test('CSV has every number in full, the spec and the hash above', async () => {
    const result = await resultOf();
    elementAt(result.modules, 0).path = 'odd,"path"';
    const lines = toCsv(result).trimEnd().split('\n');
    expect(lines.slice(0, 4).every((l) => l.startsWith('# '))).toBe(true);
    expect(parseSpec(JSON.parse(elementAt(lines, 3).slice('# spec '.length)))).toEqual(spec);
    expect(lines[1]).toContain(result.model.hash);
    expect(lines[5]).toMatch(/^"odd,""path""",0,fc,/);
    const header = elementAt(lines, 4).split(',');
    const last = elementAt(lines, -1).split(',');
    const module = elementAt(result.modules, -1);
    expect(last).toHaveLength(header.length);
    expect(Number(last[header.indexOf('importance')])).toBe(module.importance);
    expect(last.slice(-4).map(Number)).toEqual(module.draws);
    expect(Number(last[header.indexOf('rank')])).toBe(module.rank);
  });

  test('the terminal shows the map, what is spent, and every module', async () => {
    const result = await resultOf();
    const text = textTable(result);
    expect(text).toMatch(/^layer +fc +proj\n0 /);
    const spent = result.modules.reduce((s, m) => s + m.rank, 0);
    expect(text).toContain(`Spends ${spent} of 16 ranks`);
    for (const m of result.modules)
      expect(text).toMatch(new RegExp(`${m.path.replaceAll('.', '\\.')} .* ${m.rank} `));
  });
});

describe('the digest', () => {
  test('the same run reproduces it, digits of rounding included', async () => {
    const result = await resultOf();
    const digest = digestOf(result);
    expect(compareDigest(digest, result)).toMatchObject({
      kind: 'reproduced',
      reason: null,
      modules: 8,
      differing: [],
    });
    const jitter = {
      ...result,
      modules: result.modules.map((m) => ({ ...m, importance: m.importance * 1.0005 })),
    };
    expect(compareDigest(digest, jitter)).toMatchObject({ kind: 'reproduced' });
  });

  test('names what is different', async () => {
    const result = await resultOf();
    const digest = digestOf(result);
    const table = rankTable(
      { modules: result.modules, draws: result.modules.map((m) => m.draws) },
      spec.allocation,
    );
    const wide = defined(table.rows.find((r) => defined(r.range).high > defined(r.range).low));
    const other =
      defined(wide.range).high === wide.rank ? defined(wide.range).low : defined(wide.range).high;
    const withRank = (index: number, rank: number) => ({
      ...digest,
      ranks: digest.ranks.map((r, i) => (i === index ? rank : r)),
    });
    expect(compareDigest(withRank(wide.index, other), result)).toMatchObject({
      kind: 'close',
      differing: [wide.index],
    });
    expect(compareDigest(withRank(wide.index, defined(wide.range).high + 1), result)).toMatchObject(
      {
        kind: 'differs',
        reason: 'ranks',
        differing: [wide.index],
      },
    );
    expect(compareDigest({ ...digest, model: 'b'.repeat(64) }, result)).toMatchObject({
      kind: 'differs',
      reason: 'model',
    });
    expect(compareDigest({ ...digest, tokens: 'b'.repeat(64) }, result)).toMatchObject({
      kind: 'differs',
      reason: 'tokens',
    });
    const moved = compareDigest(
      { ...digest, importances: digest.importances.map((x) => x * 1.1) },
      result,
    );
    expect(moved.kind).toBe('close');
    const single = await resultOf({ spec: setByPaths(spec, [['method.repeats', '1']]) });
    const one = digestOf(single);
    const other1 = { ...one, ranks: one.ranks.map((r, i) => (i === 2 ? r + 1 : r)) };
    expect(compareDigest(other1, single)).toMatchObject({ kind: 'close', differing: [2] });
    expect(
      compareDigest(
        { ...other1, importances: one.importances.map((x, i) => (i === 2 ? x * 1.2 : x)) },
        single,
      ),
    ).toMatchObject({ kind: 'differs' });
    expect(moved.largest).toBeCloseTo(1 / 11, 2);
  });
});
