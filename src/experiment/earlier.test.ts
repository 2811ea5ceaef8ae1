/** Experiments of earlier versions preserve their meaning. */
import { describe, expect, test } from 'vitest';
import { fromTrainingFile } from './earlier.ts';
import { defaultSpec, parseSpec, repairSpec } from './schema.ts';
import { setByPath } from './settings.ts';

describe('the slider of version 2', () => {
  const slider = (settings: object, version: object = { version: 2 }) =>
    parseSpec({ ...version, study: 'slider', slider: settings });
  const train = (settings: object) => parseSpec({ study: 'train', train: settings });

  test.each([
    [{}, {}],
    [
      {
        rank: 8,
        ranks: 'uniform',
        base: 'as-is',
        mode: 'frozen',
        draw: { kind: 'geometric', p: 0.2 },
        alpha: 32,
        compare: [1, 4],
      },
      {
        ranks: { kind: 'uniform', rank: 8 },
        base: 'as-is',
        method: { name: 'qdylora', mode: 'frozen', draw: { kind: 'geometric', p: 0.2 } },
        scale: { kind: 'alpha', value: 32 },
        compare: [1, 4],
      },
    ],
    [{ ranks: 'map' }, { ranks: { kind: 'map', mean: 16 } }],
    [{ draw: { kind: 'geometric' } }, { method: { name: 'qdylora', draw: { kind: 'geometric' } } }],
  ])('%j', (was, is) => {
    expect(slider(was)).toEqual(train(is));
    expect(slider(was, { version: 1 })).toEqual(train(is));
    expect(slider(was, {})).toEqual(train(is));
  });

  test('its adapters are written with under their names of now', () => {
    const adapterOf = (adapter: unknown) =>
      parseSpec({ version: 2, samples: { adapter } }).samples.adapter;
    expect(['slider', 'slider/lora-4', 'race/adarank', null].map(adapterOf)).toEqual([
      'train',
      'train/lora-4',
      'race/adarank',
      null,
    ]);
  });

  test('a damaged setting of it gets its default, and the rest stays', () => {
    expect(
      repairSpec({ version: 2, study: 'slider', slider: { rank: -1, alpha: 8, base: 'as-is' } }),
    ).toEqual({
      spec: train({ scale: { kind: 'alpha', value: 8 }, base: 'as-is' }),
      damaged: ['train.ranks.rank'],
    });
    expect(repairSpec({ version: 2, slider: 3, seed: 4 })).toEqual({
      spec: { ...defaultSpec(), seed: 4 },
      damaged: ['train'],
    });
  });

  test('today’s experiments have none', () => {
    for (const value of [
      { version: 3, slider: {} },
      { slider: {}, train: {} },
    ])
      expect(() => parseSpec(value)).toThrow(
        expect.objectContaining({ values: expect.objectContaining({ at: 'slider' }) }),
      );
  });
});

describe('a file that `train` read until version 2', () => {
  test.each([
    [
      { adapter: {} },
      {
        train: {
          base: 'as-is',
          method: { name: 'lora' },
          ranks: { kind: 'uniform', rank: 8 },
          scale: { kind: 'fixed', value: 2 },
        },
      },
    ],
    [
      {
        version: 2,
        model: { id: 'files:llama' },
        base: 'nf4',
        method: { name: 'qdylora' },
        train: { kind: 'bundled', id: 'jargon-train' },
        held: { kind: 'bundled', id: 'jargon-eval' },
        bos: 'none',
        length: 32,
        heldSequences: 4,
        seed: 5,
        adapter: {
          ranks: { kind: 'listed', ranks: { a: 3 } },
          scale: { kind: 'rslora', value: 4 },
          start: 'given',
        },
        training: { steps: 7, beta2: 0.99, weightDecay: 0.1 },
      },
      {
        model: { id: 'files:llama' },
        bos: 'none',
        seed: 5,
        train: {
          base: 'nf4',
          method: { name: 'qdylora', mode: 'frozen' },
          ranks: { kind: 'listed', ranks: { a: 3 } },
          scale: { kind: 'rslora', value: 4 },
          start: 'given',
        },
        training: {
          train: { kind: 'bundled', id: 'jargon-train' },
          held: { kind: 'bundled', id: 'jargon-eval' },
          length: 32,
          heldSequences: 4,
          steps: 7,
          beta2: 0.99,
          weightDecay: 0.1,
        },
      },
    ],
  ])('%j', (file, is) => {
    expect(parseSpec(fromTrainingFile(file))).toEqual(parseSpec({ study: 'train', ...is }));
  });

  test('of version 1 it had no BOS', () => {
    const bosOf = (version: object) =>
      parseSpec(
        fromTrainingFile({ ...version, model: { id: 'files:a' }, held: undefined, adapter: {} }),
      ).bos;
    expect([bosOf({ version: 1 }), bosOf({})]).toEqual(['none', 'tokenizer']);
  });

  test('what is no such file is left alone; what is wrong in one is named', () => {
    for (const file of [null, 3, [], {}, { seed: 3 }, defaultSpec(), { train: { base: 'nf4' } }])
      expect(fromTrainingFile(file)).toBeNull();
    for (const [file, at] of [
      [{ adapter: { rank: 3 } }, 'train.rank'],
      [{ adapter: 3 }, 'train.adapter'],
      [{ adapter: {}, colour: 'red' }, 'colour'],
      [{ held: { kind: 'own' } }, 'training.held.text'],
      [{ base: 'nf4', training: 3 }, 'training'],
    ] as const)
      expect(() => parseSpec(fromTrainingFile(file))).toThrow(
        expect.objectContaining({ values: expect.objectContaining({ at }) }),
      );
  });
});

test.each([
  ['slider.rank', '3', 'train.ranks.rank'],
  ['slider.ranks', 'map', 'train.ranks.kind'],
  ['slider.draw.kind', 'geometric', 'train.method.draw.kind'],
  ['slider.compare', '[1]', 'train.compare'],
  ['adapter.ranks.rank', '3', 'train.ranks.rank'],
  ['method.mode', 'full', 'train.method.mode'],
  ['method.name', 'lora', 'train.method.name'],
])('%s = %s names the setting of now', (path, value, now) => {
  expect(() => setByPath(defaultSpec(), path, value)).toThrow(
    `The experiment is not valid at "${path}": it is now called "${now}".`,
  );
});

test.each([
  ['base', 'nf4', 'train.base'],
  ['heldSequences', '4', 'training.heldSequences'],
  ['held.id', 'jargon-eval', 'training.held.id'],
  ['train.id', 'jargon-train', 'training.train.id'],
])('%s = %s sets the setting of now', (path, value, now) => {
  expect(setByPath(defaultSpec(), path, value)).toEqual(setByPath(defaultSpec(), now, value));
});
