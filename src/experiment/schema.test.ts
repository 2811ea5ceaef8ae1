import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defined } from '../checked.ts';
import { allocate } from '../methods/allocation/allocate.ts';
import { LIMITS } from '../spec/limits.ts';
import { defaultMethod } from '../spec/method.ts';
import { defaultSpec, parseSpec, presets, presetSpec, repairSpec } from './schema.ts';
import {
  counterpartOf,
  describeChanges,
  differences,
  presetOf,
  sameMeasurement,
  setByPath,
  setByPaths,
  specKey,
} from './settings.ts';
import { anySpec } from '../../test/spec-arbitrary.ts';

test('the defaults are those of the page', () => {
  expect(defaultSpec()).toEqual({
    // A study that is added has a section of its own.
    ...defaultSpec(),
    version: 3,
    model: { id: 'bundled:atlas-3m' },
    base: 'as-is',
    text: { kind: 'bundled', id: 'stories' },
    bos: 'tokenizer',
    sequences: 2,
    length: 32,
    seed: 1,
    method: {
      name: 'adarank',
      variant: 'two-draws',
      noise: { scale: 'std' },
      repeats: 5,
      vocabularySample: 0,
    },
    allocation: { meanRank: 8, rounding: 'floor', unit: 'ranks', rMin: 0, rMax: 1024 },
    study: 'map',
    training: {
      train: { kind: 'bundled', id: 'opticks-train' },
      held: { kind: 'bundled', id: 'opticks-eval' },
      length: 64,
      heldSequences: 32,
      steps: 60,
      batch: 6,
      learningRate: 2e-3,
      warmup: 0.03,
      decay: 'constant',
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      weightDecay: 0,
      maxNorm: 0.3,
      evaluateEvery: 20,
    },
    race: {
      entries: ['adarank', 'uniform', 'random'],
      meanRanks: [1],
      seeds: 1,
      equal: 'parameters',
      sequences: 4,
    },
    agree: { methods: ['adarank', 'jacobian', 'combined', 'eva', 'fisher', 'gora', 'spectrum'] },
    samples: {
      prompt: 'The light of the sun',
      tokens: 48,
      temperature: 0,
      topP: 1,
      adapter: null,
      rank: null,
    },
    compress: {
      task: { kind: 'set', id: 'next-word' },
      plain: { kind: 'bundled', id: 'atlas-heldout' },
      scoring: 'mean',
      samples: 100,
      test: 200,
      rowBlocks: [1, 2, 4, 8, 16],
      split: 'contiguous',
      ranking: 'curvature',
      trials: 24,
      checks: 12,
      laser: 'none',
    },
    prune: {
      sparsity: 0.5,
      rounds: 5,
      score: 'wanda',
      pattern: 'unstructured',
      beta: 1,
      meanRank: 6,
      mostRank: 16,
      rankBy: 'error',
      samples: 16,
      baselines: true,
    },
    train: {
      method: { name: 'qdylora', mode: 'full', draw: { kind: 'uniform' } },
      ranks: { kind: 'uniform', rank: 16 },
      base: 'nf4',
      scale: { kind: 'alpha', value: 16 },
      start: 'fresh',
      compare: [],
    },
  });
  expect(defaultSpec()).not.toBe(defaultSpec());
  expect(presetSpec('where')).toEqual(defaultSpec());
  for (const id of presets.keys()) expect(parseSpec(presetSpec(id))).toEqual(presetSpec(id));
});

test('a preset that asks for a comparison names the other experiment, with its model, budget and seed', () => {
  const text = presetSpec('text');
  expect(presetOf(text)).toBe('text');
  expect(counterpartOf(text)).toEqual(defaultSpec());
  const own = { ...text, seed: 7, allocation: { ...text.allocation, meanRank: 1 } };
  expect(counterpartOf(own)).toEqual({
    ...defaultSpec(),
    seed: 7,
    allocation: own.allocation,
  });
  expect(counterpartOf(presetSpec('where'))).toBeNull();
  expect(counterpartOf({ ...text, method: { ...text.method, repeats: 6 } })).toBeNull();
  for (const id of presets.keys()) expect(presetOf(presetSpec(id))).toBe(id);
});

test('the default allocation rule is one the allocator takes', () => {
  expect(
    allocate([1], [{ inFeatures: 64, outFeatures: 64 }], defaultSpec().allocation).ranks,
  ).toEqual([8]);
});

test('parsing is idempotent, and specs survive JSON', () => {
  fc.assert(
    fc.property(anySpec, (spec) => {
      expect(parseSpec(spec)).toEqual(spec);
      expect(parseSpec(JSON.parse(JSON.stringify(spec)))).toEqual(spec);
      expect(parseSpec(differences(spec))).toEqual(spec);
    }),
  );
});

test('an experiment of version 1 had no BOS: said for a bundled model as its tokenizer says it, the same', () => {
  const own = { model: { id: 'files:llama' } };
  expect(parseSpec({ version: 1 })).toEqual(defaultSpec());
  expect(parseSpec({ version: 1, ...own }).bos).toBe('none');
  expect([
    parseSpec(own).bos,
    parseSpec({ version: 2, ...own }).bos,
    parseSpec({ version: 1, bos: 'always' }).bos,
  ]).toEqual(['tokenizer', 'tokenizer', 'always']);
});

describe('refused, naming the setting', () => {
  const refused: [value: unknown, at: string][] = [
    [null, 'the file'],
    [[], 'the file'],
    ['where', 'the file'],
    [{ version: 4 }, 'version'],
    [{ version: 0 }, 'version'],
    [{ bos: 'never' }, 'bos'],
    [{ version: 1, bos: 1 }, 'bos'],
    [{ allocation: { meanRank: 65 } }, 'allocation.meanRank'],
    [{ allocation: { meanRank: NaN } }, 'allocation.meanRank'],
    [{ allocation: { meanrank: 4 } }, 'allocation.meanrank'],
    [{ allocation: { rMin: 9, rMax: 8 } }, 'allocation.rMin'],
    [{ method: { repeats: 1e9 } }, 'method.repeats'],
    [{ method: { repeats: 2.5 } }, 'method.repeats'],
    [{ method: { noise: { scale: 'fixed', sigma: 0 } } }, 'method.noise.sigma'],
    [{ method: { noise: { scale: 'std', sigma: 1 } } }, 'method.noise.sigma'],
    [{ method: { name: 'losa' } }, 'method.name'],
    [{ method: { name: 'jacobian', vocabularySample: 3 } }, 'method.vocabularySample'],
    [{ method: { name: 'combined', signs: 1 } }, 'method.signs'],
    [{ method: 'jacobian' }, 'method'],
    [{ seed: -1 }, 'seed'],
    [{ seed: 2 ** 32 }, 'seed'],
    [{ seed: '1' }, 'seed'],
    [{ sequences: 64, length: 1024 }, 'sequences'],
    [{ model: { id: 'https://example.org/model.onnx' } }, 'model.id'],
    // Characters that reverse text, are invisible, or control a terminal.
    ...['\u202e', '\u200b', '\ufeff', '\u0085', '\u009b', '\u2028', '\u00ad'].map(
      (c): [unknown, string] => [{ model: { id: `files:ab${c}c` } }, 'model.id'],
    ),
    [{ model: { id: 'bundled:a', hash: 'zz' } }, 'model.hash'],
    [{ text: { kind: 'own', text: 'a'.repeat(LIMITS.text[1] + 1) } }, 'text.text'],
    [{ text: { kind: 'own', text: '' } }, 'text.text'],
    [
      {
        text: {
          kind: 'ids',
          ids: [
            [1, 2, 3],
            [4, 5],
          ],
        },
      },
      'text.ids',
    ],
    [{ text: { kind: 'ids', ids: [[1, -2]] } }, 'text.ids.0.1'],
    [{ text: { kind: 'ids', ids: [] } }, 'text.ids'],
    [{ text: { kind: 'bundled', id: '../secret' } }, 'text.id'],
    [{ sede: 3 }, 'sede'],
    [JSON.parse('{"__proto__": {"seed": 3}}'), '__proto__'],
  ];
  test.each(refused.map(([value, at]) => ({ value, at })))('$at', ({ value, at }) => {
    expect(() => parseSpec(value)).toThrow(
      expect.objectContaining({ code: 'bad-spec', values: expect.objectContaining({ at }) }),
    );
  });
});

test('token ids decide the shape of the batch', () => {
  expect(
    parseSpec({
      text: {
        kind: 'ids',
        ids: [
          [1, 2, 3],
          [4, 5, 6],
        ],
      },
    }),
  ).toMatchObject({ sequences: 2, length: 3 });
});

describe('methods', () => {
  test('each has defaults of its own; without a name it is AdaRank, as in older links and files', () => {
    expect(parseSpec({ method: { repeats: 9 } }).method).toEqual({
      ...defaultMethod('adarank'),
      repeats: 9,
    });
    expect(presetSpec('jacobian').method).toEqual({
      name: 'jacobian',
      noise: { scale: 'std' },
      repeats: 8,
      perToken: false,
    });
    expect(presetSpec('combined').method).toEqual({
      name: 'combined',
      noise: { scale: 'std' },
      signs: 32,
      repeats: 1,
    });
  });

  test('naming another one drops the settings of the old', () => {
    const spec = setByPath(defaultSpec(), 'method.vocabularySample', '100');
    expect(setByPath(spec, 'method.name', 'jacobian').method).toEqual(defaultMethod('jacobian'));
    expect(
      setByPaths(spec, [
        ['method.name', 'combined'],
        ['method.signs', '16'],
      ]).method,
    ).toEqual({ ...defaultMethod('combined'), signs: 16 });
    expect(() => setByPath(spec, 'method.signs', '16')).toThrow(
      expect.objectContaining({ values: expect.objectContaining({ at: 'method.signs' }) }),
    );
  });

  test('a value that is the default of another method still travels', () => {
    const spec = setByPaths(defaultSpec(), [
      ['method.name', 'combined'],
      ['method.repeats', '5'],
    ]);
    expect(differences(spec)).toEqual({ method: { name: 'combined', repeats: 5 } });
    expect(differences(setByPath(spec, 'method.repeats', '1'))).toEqual({
      method: { name: 'combined' },
    });
    expect(parseSpec(differences(spec))).toEqual(spec);
  });

  test('two experiments by different methods differ in the method and in what both have', () => {
    const a = defaultSpec();
    const b = setByPaths(a, [
      ['method.name', 'jacobian'],
      ['method.noise', '{"scale":"fixed","sigma":0.1}'],
    ]);
    expect(describeChanges(a, b).map((c) => c.path)).toEqual([
      'method.name',
      'method.noise',
      'method.repeats',
    ]);
    expect(sameMeasurement(a, b)).toBe(false);
    expect(sameMeasurement(b, setByPath(b, 'method.repeats', '30'))).toBe(true);
    expect(
      sameMeasurement(
        presetSpec('combined'),
        setByPath(presetSpec('combined'), 'method.signs', '16'),
      ),
    ).toBe(false);
  });

  test('a damaged method in a link leaves the rest', () => {
    expect(repairSpec({ seed: 3, method: { name: 'jacobian', repeats: 0 } })).toEqual({
      spec: { ...defaultSpec(), seed: 3, method: defaultMethod('jacobian') },
      damaged: ['method.repeats'],
    });
    expect(repairSpec({ seed: 3, method: { name: 'magic', signs: 3 } }).spec).toEqual({
      ...defaultSpec(),
      seed: 3,
    });
  });
});

describe('repairing', () => {
  test('puts the default where one setting is damaged and says which', () => {
    expect(repairSpec({ seed: 7, allocation: { meanRank: 'x', rounding: 'exact' } })).toEqual({
      spec: {
        ...defaultSpec(),
        seed: 7,
        allocation: { ...defaultSpec().allocation, rounding: 'exact' },
      },
      damaged: ['allocation.meanRank'],
    });
    expect(repairSpec({ sequences: 1e99, colour: 'red' }).damaged.sort()).toEqual([
      'colour',
      'sequences',
    ]);
    expect(
      repairSpec({
        text: {
          kind: 'ids',
          ids: [
            [1, 2],
            [3, -4],
          ],
        },
        seed: 3,
      }),
    ).toMatchObject({ spec: { seed: 3, text: { kind: 'bundled' } } });
    expect(repairSpec({ text: { kind: 'bundled' }, seed: 3 })).toEqual({
      spec: { ...defaultSpec(), seed: 3 },
      damaged: ['text'],
    });
    expect(repairSpec({ sequences: 64, length: 1024 }).damaged).toEqual(['sequences']);
    expect(
      repairSpec({ text: { kind: 'ids', ids: Array(64).fill(Array(1024).fill(5)) } }).spec,
    ).toEqual(defaultSpec());
    expect(repairSpec('nonsense')).toEqual({ spec: defaultSpec(), damaged: [''] });
  });

  test('always ends with a valid experiment, and leaves a valid one alone', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const { spec } = repairSpec(value);
        expect(parseSpec(spec)).toEqual(spec);
      }),
    );
    fc.assert(
      fc.property(anySpec, (spec) => {
        expect(repairSpec(spec)).toEqual({ spec, damaged: [] });
      }),
    );
    const mangled = fc.tuple(
      anySpec,
      fc.constantFrom('seed', 'model', 'text', 'method', 'allocation', 'sequences'),
      fc.jsonValue({ maxDepth: 2 }),
    );
    fc.assert(
      fc.property(mangled, ([spec, key, value]) => {
        const repaired = repairSpec({ ...spec, [key]: value }).spec;
        expect(parseSpec(repaired)).toEqual(repaired);
      }),
    );
  });
});

describe('settings by path', () => {
  test('change one thing', () => {
    const spec = defaultSpec();
    expect(setByPath(spec, 'allocation.meanRank', '16').allocation.meanRank).toBe(16);
    expect(setByPath(spec, 'allocation.rounding', 'exact').allocation.rounding).toBe('exact');
    expect(setByPath(spec, 'method.noise', '{"scale":"fixed","sigma":0.1}').method).toHaveProperty(
      'noise',
      { scale: 'fixed', sigma: 0.1 },
    );
    expect(
      setByPath(setByPath(spec, 'method.noise.scale', 'fixed'), 'method.noise.sigma', '0.2').method,
    ).toHaveProperty('noise', { scale: 'fixed', sigma: 0.2 });
    expect(
      setByPath(setByPath(spec, 'method.noise.scale', 'fixed'), 'method.noise.scale', 'std'),
    ).toEqual(spec);
    expect(
      setByPaths(spec, [
        ['text.kind', 'ids'],
        ['text.ids', '[[1,2],[3,4]]'],
      ]),
    ).toMatchObject({ sequences: 2, length: 2 });
    expect(
      setByPaths(spec, [
        ['allocation.rMin', '2000'],
        ['allocation.rMax', '3000'],
      ]).allocation,
    ).toMatchObject({ rMin: 2000, rMax: 3000 });
    expect(spec).toEqual(defaultSpec());
  });

  test.each([
    'nothing',
    'allocation.nothing',
    '__proto__.seed',
    'constructor.prototype.x',
    'seed.x',
    '',
    'text.kind.length',
    'allocation',
  ])('refuse %j', (path) => {
    expect(() => setByPath(defaultSpec(), path, '3')).toThrow(
      expect.objectContaining({ code: 'bad-spec' }),
    );
    expect(({} as { seed?: number }).seed).toBeUndefined();
  });
});

describe('differences', () => {
  test('are listed one by one; a text and a noise change as a whole', () => {
    const spec = setByPaths(defaultSpec(), [
      ['seed', '2'],
      ['method.noise.scale', 'fixed'],
      ['text.id', 'jargon-eval'],
    ]);
    expect(describeChanges(defaultSpec(), spec)).toEqual([
      {
        path: 'text',
        from: { kind: 'bundled', id: 'stories' },
        to: { kind: 'bundled', id: 'jargon-eval' },
      },
      { path: 'seed', from: 1, to: 2 },
      { path: 'method.noise', from: { scale: 'std' }, to: { scale: 'fixed', sigma: 0.05 } },
    ]);
    expect(differences(spec)).toEqual({
      text: { kind: 'bundled', id: 'jargon-eval' },
      seed: 2,
      method: { noise: { scale: 'fixed', sigma: 0.05 } },
    });
    expect(differences(defaultSpec())).toEqual({});
  });

  test('an experiment has one key, two different ones have two', () => {
    fc.assert(
      fc.property(anySpec, anySpec, (a, b) => {
        expect(specKey(structuredClone(a))).toBe(specKey(a));
        expect(specKey(a) === specKey(b)).toBe(describeChanges(a, b).length === 0);
      }),
    );
  });

  test('draws serve another budget and more repeats, not another seed', () => {
    const spec = defaultSpec();
    expect(
      sameMeasurement(
        spec,
        setByPaths(spec, [
          ['allocation.meanRank', '3'],
          ['method.repeats', '9'],
        ]),
      ),
    ).toBe(true);
    expect(sameMeasurement(spec, setByPath(spec, 'seed', '3'))).toBe(false);
    expect(sameMeasurement(spec, setByPath(spec, 'method.variant', 'clean'))).toBe(false);
    const [one, two] = ['1', '2'].map((d) => setByPath(spec, 'model.hash', `"${d.repeat(64)}"`));
    expect(sameMeasurement(spec, defined(one))).toBe(true);
    expect(sameMeasurement(defined(one), defined(two))).toBe(false);
  });
});

test('an absent setting is reported as missing', () => {
  expect(() => parseSpec({ text: { kind: 'own' } })).toThrow('at "text.text": it is missing');
  expect(() => parseSpec({ model: { id: 3 } })).toThrow('expected string');
});
