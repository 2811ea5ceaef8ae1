import { expect, test } from 'vitest';
import { defined, elementAt } from '../../checked.ts';
import { arithmeticEngine } from '../../../test/arithmetic-engine.ts';
import type { Engine, TokenBatch } from '../../engine/engine.ts';
import { adaRank, type AdaRankOptions } from './adarank.run.ts';
import type { Control, MeasuringEvent } from './measuring.ts';

const batch: TokenBatch = { ids: Int32Array.of(1, 2, 3, 4, 5, 6), sequences: 2, length: 3 };
const options = (over: Partial<AdaRankOptions> = {}): AdaRankOptions => ({
  seed: 1,
  variant: 'two-draws',
  noise: { scale: 'std' },
  repeats: 2,
  vocabularySample: 0,
  ...over,
});
const layers: Control = { granularity: () => 'layer' };
const none = () => false;

async function all(
  engine: Engine,
  o: AdaRankOptions,
  control = layers,
  known = none as (m: number, r: number) => boolean,
): Promise<MeasuringEvent[]> {
  const events: MeasuringEvent[] = [];
  let clock = 0;
  for await (const e of adaRank({
    engine,
    pass: await engine.cleanPass(batch),
    options: o,
    control,
    known,
    now: () => clock++,
  }))
    events.push(e);
  return events;
}

const valuesOf = (events: MeasuringEvent[]) =>
  events.flatMap((e) =>
    e.type === 'draws' ? e.modules.map((m, i) => [e.repeat, m, e.values[i]!]) : [],
  );

test('runs in sweeps: every layer of a repeat, then the next', async () => {
  const events = await all(arithmeticEngine(), options());
  expect(events.map((e) => `${e.type} ${e.repeat}${'layer' in e ? ` ${e.layer}` : ''}`)).toEqual(
    [0, 1].flatMap((r) => [
      ...[0, 1, 2, 3].flatMap((l) => [`probing ${r} ${l}`, `draws ${r} ${l}`]),
      `sweep ${r}`,
    ]),
  );
});

test('step mode gives the same numbers, one module at a time, and may be entered and left at any item', async () => {
  const whole = arithmeticEngine();
  const single = arithmeticEngine();
  const mixed = arithmeticEngine();
  let asked = 0;
  const reference = valuesOf(await all(whole, options()));
  expect(valuesOf(await all(single, options(), { granularity: () => 'module' }))).toEqual(
    reference,
  );
  expect(
    valuesOf(
      await all(mixed, options(), { granularity: () => (asked++ % 3 ? 'layer' : 'module') }),
    ),
  ).toEqual(reference);
  expect(whole.log.batches).toEqual(new Array(8).fill(2));
  expect(single.log.batches).toEqual(new Array(16).fill(1));
});

test('two draws: streams 2r and 2r + 1 of the module, scaled by std(W)', async () => {
  const engine = arithmeticEngine();
  await all(engine, options({ seed: 7 }));
  expect(engine.log.probes[9]).toEqual({
    module: 1,
    a: { seed: 7, draw: 2, std: engine.weightStd(1) },
    b: { seed: 7, draw: 3, std: engine.weightStd(1) },
  });
});

test('clean: the first of the two draws against the clean output, bias too, mean over the vocabulary', async () => {
  const engine = arithmeticEngine();
  const events = await all(
    engine,
    options({ variant: 'clean', noise: { scale: 'fixed', sigma: 0.25 } }),
  );
  const probe = elementAt(engine.log.probes, 8);
  expect(probe).toEqual({ module: 0, a: { seed: 1, draw: 2, std: 0.25 }, b: null, bias: true });
  const [sum] = await engine.disagreement(await engine.cleanPass(batch), [probe]);
  expect(valuesOf(events)[8]).toEqual([1, 0, defined(sum) / engine.vocab]);
});

test('for small noise the disagreement is linear in σ', async () => {
  const draws = async (sigma: number) =>
    valuesOf(
      await all(arithmeticEngine(), options({ noise: { scale: 'fixed', sigma }, repeats: 1 })),
    ).map((v) => v[2]!);
  const small = await draws(1e-5);
  const twice = await draws(2e-5);
  small.forEach((d, i) => expect(twice[i]! / d).toBeCloseTo(2, 3));
});

test('what is known is left out, the rest is the same', async () => {
  const reference = valuesOf(await all(arithmeticEngine(), options()));
  const engine = arithmeticEngine();
  const rest = await all(engine, options(), layers, (m, r) => r === 0 && m < 5);
  expect(valuesOf(rest)).toEqual(reference.slice(5));
  expect(engine.log.batches).toEqual([1, 2, 2, 2, 2, 2]);
});

test('few tokens: after the first sweep several repeats go together, and the numbers are the same', async () => {
  const o = options({ repeats: 6 });
  const reference = valuesOf(await all(arithmeticEngine(), o)).sort();
  // A repeat of a layer is 2 modules × 2 draws × 6 tokens = 24 rows: three repeats fill 80.
  const engine = arithmeticEngine(undefined, 80);
  const events = await all(engine, o);
  expect(valuesOf(events).sort()).toEqual(reference);
  expect(engine.log.batches).toEqual([2, 2, 2, 2, 6, 6, 6, 6, 4, 4, 4, 4]);
  expect(events.filter((e) => e.type === 'sweep').map((e) => e.repeat)).toEqual([0, 1, 2, 3, 4, 5]);
  // Known draws come between sweeps: repeats with known draws run alone.
  const resumed = arithmeticEngine(undefined, 80);
  expect(
    valuesOf(await all(resumed, o, layers, (m, r) => r === 0 || (r === 2 && m === 3))).sort(),
  ).toEqual(reference.filter(([r, m]) => r !== 0 && !(r === 2 && m === 3)));
  // In a repeat that runs alone a layer is 24 rows: three layers fill the batch.
  expect(resumed.log.batches).toEqual([6, 2, 5, 2, 6, 6, 6, 6]);
});

test('unwatched, the first sweep fills its batches too: repeats first, then neighbouring layers, four at most, up to twice the rows', async () => {
  const reference = valuesOf(await all(arithmeticEngine(), options())).sort();
  const batches = async (rows: number, repeats: number) => {
    const engine = arithmeticEngine(undefined, rows);
    const events = await all(engine, options({ repeats }), { granularity: () => 'batch' });
    expect(
      valuesOf(events)
        .filter(([r]) => defined(r) < 2)
        .sort(),
    ).toEqual(reference);
    return engine.log.batches;
  };
  expect(await batches(12, 2)).toEqual(new Array(8).fill(2));
  expect(await batches(25, 2)).toEqual(new Array(4).fill(4));
  expect(await batches(50, 2)).toEqual([8, 8]);
  expect(await batches(75, 3)).toEqual([12, 12]);
  expect(await batches(1e6, 2)).toEqual([16]);
});

test('nothing is computed until it is asked for', async () => {
  const engine = arithmeticEngine();
  const run = adaRank({
    engine,
    pass: await engine.cleanPass(batch),
    options: options(),
    control: layers,
    known: none,
    now: () => 0,
  });
  await run.next();
  expect(engine.log.probes).toHaveLength(0);
  await run.next();
  await new Promise((r) => setTimeout(r, 5));
  expect(engine.log.batches).toEqual([2]);
  await run.return();
});

test('noise beyond all bounds is refused by name', async () => {
  await expect(
    all(arithmeticEngine(), options({ noise: { scale: 'fixed', sigma: 1e200 } })),
  ).rejects.toMatchObject({
    code: 'not-finite',
    values: { module: 'model.layers.0.mlp.fc' },
  });
});
