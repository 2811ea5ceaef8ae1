/** Generates valid experiments for property tests. */
import fc from 'fast-check';
import { elementAt } from '../src/checked.ts';
import { RACE_ENTRIES } from '../src/studies/race/entries.ts';
import { RACE_LIMITS } from '../src/studies/race/settings.ts';
import { defaultSpec } from '../src/experiment/schema.ts';
import { LIMITS } from '../src/spec/limits.ts';
import { methodFields, METHODS, type Field } from '../src/spec/method.ts';
import { SPEC_VERSION } from '../src/spec/spec.ts';
import { TRAIN_LIMITS, type TrainSettings } from '../src/studies/train/settings.ts';
import { BOS } from '../src/model/bos.ts';
import type { ExperimentSpec } from '../src/studies/spec.ts';

const whole = ([min, max]: readonly [number, number]) =>
  fc.oneof(fc.integer({ min, max }), fc.constantFrom(min, max));
const real = ([min, max]: readonly [number, number]) =>
  fc.double({ min, max, noNaN: true }).map((x) => x + 0);

const model = fc
  .record(
    {
      id: fc
        .tuple(
          fc.constantFrom('bundled', 'files'),
          fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
        )
        .map(([k, s]) => `${k}:${s}`),
      hash: fc.string({
        unit: fc.constantFrom(...'0123456789abcdef'),
        minLength: 64,
        maxLength: 64,
      }),
    },
    { requiredKeys: ['id'], noNullPrototype: true },
  )
  .filter((m) =>
    /^(bundled|files):[^\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]{1,200}$/u.test(m.id),
  );

const ids = fc
  .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 2, max: 6 }))
  .chain(([sequences, length]) =>
    fc.array(
      fc.array(fc.integer({ min: 0, max: 2 ** 31 - 1 }), { minLength: length, maxLength: length }),
      { minLength: sequences, maxLength: sequences },
    ),
  );

const text: fc.Arbitrary<ExperimentSpec['text']> = fc.oneof(
  fc.constantFrom('stories', 'jargon-eval', 'x9').map((id) => ({ kind: 'bundled' as const, id })),
  fc
    .string({ unit: 'binary', minLength: 1, maxLength: 200 })
    .map((t) => ({ kind: 'own' as const, text: t })),
  ids.map((i) => ({ kind: 'ids' as const, ids: i })),
);

const clamps = fc
  .tuple(whole(LIMITS.rMin), whole(LIMITS.rMax))
  .map(([a, b]) => ({ rMin: Math.min(a, b), rMax: Math.max(a, b) }));

const training = fc.record(
  {
    train: text,
    held: text,
    steps: whole(LIMITS.steps),
    learningRate: real(LIMITS.learningRate),
    decay: fc.constantFrom('constant' as const, 'linear' as const, 'cosine' as const),
  },
  { noNullPrototype: true },
);

const rank = whole(TRAIN_LIMITS.rank);
const scaleValue = real(TRAIN_LIMITS.scale);
const trainSettings: fc.Arbitrary<TrainSettings> = fc
  .record(
    {
      method: fc.oneof(
        fc.constant({ name: 'lora' as const }),
        fc.record(
          {
            name: fc.constant('qdylora' as const),
            mode: fc.constantFrom('frozen' as const, 'full' as const),
            draw: fc.oneof(
              fc.constant({ kind: 'uniform' as const }),
              real(TRAIN_LIMITS.p).map((p) => ({ kind: 'geometric' as const, p })),
            ),
          },
          { noNullPrototype: true },
        ),
      ),
      ranks: fc.oneof(
        rank.map((r) => ({ kind: 'uniform' as const, rank: r })),
        real(LIMITS.meanRank).map((mean) => ({ kind: 'map' as const, mean })),
        rank.map((r) => ({ kind: 'listed' as const, ranks: { 'layers.0.q': r, 'layers.1.q': 0 } })),
      ),
      base: fc.constantFrom('nf4' as const, 'as-is' as const),
      scale: fc
        .constantFrom('alpha' as const, 'rslora' as const, 'fixed' as const)
        .chain((kind) => scaleValue.map((value) => ({ kind, value }))),
      start: fc.constantFrom('fresh' as const, 'given' as const),
    },
    { noNullPrototype: true },
  )
  .map((train) => ({ ...train, compare: train.method.name === 'lora' ? [] : [1] }));

const raceSettings = fc.record(
  {
    entries: fc.uniqueArray(fc.constantFrom(...RACE_ENTRIES), { minLength: 2 }),
    meanRanks: fc.uniqueArray(whole([1, 64]), { minLength: 1, maxLength: 8 }),
    seeds: whole(RACE_LIMITS.seeds),
  },
  { noNullPrototype: true },
);

const noise = fc.oneof(
  fc.constant({ scale: 'std' as const }),
  fc.record(
    { scale: fc.constant('fixed' as const), sigma: real(LIMITS.sigma) },
    { noNullPrototype: true },
  ),
);

const setting = (field: Field): fc.Arbitrary<unknown> =>
  field.kind === 'choice'
    ? fc.constantFrom(...field.options)
    : field.kind === 'whole'
      ? whole([field.min, field.max])
      : noise;

const method = fc.oneof(
  ...METHODS.map((name) =>
    fc.record(
      {
        name: fc.constant(name),
        ...Object.fromEntries(methodFields(name).map((field) => [field.key, setting(field)])),
      },
      { noNullPrototype: true },
    ),
  ),
) as fc.Arbitrary<ExperimentSpec['method']>;

export const anySpec: fc.Arbitrary<ExperimentSpec> = fc
  .record(
    {
      version: fc.constant(SPEC_VERSION),
      bos: fc.constantFrom(...BOS),
      model,
      text,
      sequences: whole(LIMITS.sequences),
      length: whole([LIMITS.length[0], LIMITS.tokens[1] / LIMITS.sequences[1]]),
      seed: whole(LIMITS.seed),
      method,
      allocation: fc
        .record(
          {
            meanRank: real(LIMITS.meanRank),
            rounding: fc.constantFrom('floor' as const, 'exact' as const),
            unit: fc.constantFrom('ranks' as const, 'parameters' as const),
          },
          { noNullPrototype: true },
        )
        .chain((a) => clamps.map((c) => ({ ...a, ...c }))),
      training,
      race: raceSettings,
      train: trainSettings,
    },
    { noNullPrototype: true },
  )
  .map((s): ExperimentSpec => ({
    ...defaultSpec(),
    ...s,
    training: { ...defaultSpec().training, ...s.training },
    race: { ...defaultSpec().race, ...s.race },
  }))
  .map((s) =>
    s.text.kind === 'ids'
      ? { ...s, sequences: s.text.ids.length, length: elementAt(s.text.ids, 0).length }
      : s,
  );
