/** The map run on the real engine: a small decoder, compiled, cut and run in onnxruntime-web. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { defined, elementAt } from '../../checked.ts';
import { openTiny } from '../../../test/tiny-engine.ts';
import type { KnownDraws, ModelFacts } from './events.ts';
import type { Measurement } from './state.ts';
import { mapSteps } from '../../../test/studies.ts';
import type { MapContext } from './run.ts';
import type { MeasuringEngine } from '../../methods/importance/contract.ts';
import { noiseOf } from '../../methods/importance/settings.ts';
import { parseSpec } from '../../experiment/schema.ts';
import { setByPath } from '../../experiment/settings.ts';

const ids = [
  [1, 2, 3, 4, 5, 6],
  [7, 8, 9, 10, 11, 12],
];
const spec = parseSpec({ text: { kind: 'ids', ids }, method: { repeats: 3 } });
let engine: MeasuringEngine;
let model: ModelFacts;

beforeAll(async () => {
  ({ engine, model } = await openTiny(1e8));
}, 60_000);

afterAll(() => engine.dispose());

async function measure(
  { known, ...over }: Partial<MapContext> & { known?: KnownDraws } = {},
  draws = Infinity,
): Promise<Measurement> {
  let state: Measurement | null = null;
  const batch = { ids: Int32Array.from(ids.flat()), sequences: 2, length: 6 };
  const checkpoint = { from: known, offer: () => undefined };
  for await (const step of mapSteps({ spec, engine, batch, model, checkpoint, ...over })) {
    ({ state } = step);
    if (state.draws.flat().length >= draws) break;
  }
  return defined(state);
}

const valuesOf = (m: Measurement) => defined(m.result).modules.map((r) => r.draws);

test('repeated, resumed and stepped runs have identical results', { timeout: 60_000 }, async () => {
  const whole = await measure();
  expect(defined(whole.result).modules.map((m) => m.path)).toEqual(
    model.modules.map((m) => m.path),
  );
  expect(whole.cleanLoss).toBeGreaterThan(0);
  for (const m of defined(whole.result).modules) expect(m.importance).toBeGreaterThan(0);
  expect(valuesOf(await measure())).toEqual(valuesOf(whole));

  const broken = await measure({}, 20);
  expect(broken.result).toBeNull();
  const resumed = await measure({ known: broken });
  const stepped = await measure({ control: { granularity: () => 'module' } });
  for (const other of [resumed, stepped]) {
    valuesOf(other).forEach((draws, m) =>
      draws.forEach((d, k) =>
        expect(Math.abs(d / elementAt(valuesOf(whole), m)[k]! - 1)).toBeLessThan(1e-5),
      ),
    );
    expect(defined(other.result).modules.map((m) => m.rank)).toEqual(
      defined(whole.result).modules.map((m) => m.rank),
    );
  }
});

test(
  'the clean variant: one noise instead of two, a mean instead of a sum',
  { timeout: 60_000 },
  async () => {
    const clean = await measure({ spec: setByPath(spec, 'method.variant', 'clean') });
    const pairs = await measure();
    // To first order, two independent perturbed models differ by √2 times the distance of one from
    // the clean output; the mean is over the vocabulary.
    const ratio = defined(clean.result).modules.map(
      (m, i) =>
        elementAt(defined(pairs.result).modules, i).importance / (m.importance * model.vocab),
    );
    const mean = ratio.reduce((a, b) => a + b, 0) / ratio.length;
    expect(mean).toBeGreaterThan(1.1);
    expect(mean).toBeLessThan(1.7);
  },
);

test(
  'the Jacobian probe and the combined one on the real engine: repeatable, resumable, and AdaRank’s map',
  { timeout: 60_000 },
  async () => {
    const small = setByPath(spec, 'method.noise', '{"scale":"fixed","sigma":0.005}');
    const sampled = await measure({ spec: setByPath(small, 'method.repeats', '12') });
    for (const name of ['jacobian', 'combined']) {
      const other = parseSpec({ ...small, method: { name, noise: noiseOf(small.method) } });
      const whole = await measure({ spec: other });
      expect(defined(whole.result).modules.map((m) => m.rank)).toEqual(
        defined(
          (await measure({ spec: other, known: await measure({ spec: other }, 40) })).result,
        ).modules.map((m) => m.rank),
      );
      defined(whole.result).modules.forEach((m, i) => {
        const level = elementAt(defined(sampled.result).modules, i).importance / m.importance;
        expect(level, `${name} ${m.path}`).toBeGreaterThan(0.6);
        expect(level, `${name} ${m.path}`).toBeLessThan(1.4);
      });
    }
  },
);
