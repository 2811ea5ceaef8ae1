/**
 * The table covers every field of PEFT's LoraConfig, and the reader treats each field as the table
 * says.
 */
import { describe, expect, test } from 'vitest';
import { defined } from '../checked.ts';
import { configOf } from '../../test/adapter-files.ts';
import peft from '../../test/peft-lora-config.json' with { type: 'json' };
import type { AtlasError } from '../errors.ts';
import { readPeftConfig } from './peft-config.ts';
import { isTrue, loraFields } from './peft-fields.ts';

const path = 'model.layers.3.self_attn.q_proj';
const read = (settings: object) =>
  readPeftConfig(configOf({ target_modules: ['q_proj'], r: 2, ...settings }));
/** Everything that a config gives for a path. */
const parsed = (settings: object) => {
  const config = read(settings);
  return {
    rank: config.rankOf(path),
    alpha: config.alphaOf(path),
    targets: config.targets(path),
    rsLora: config.rsLora,
    notes: config.notes([path]),
  };
};
const codeOf = (settings: object): string | null => {
  try {
    parsed(settings);
    return null;
  } catch (error) {
    return (error as AtlasError).code;
  }
};
const fields = (use: string) =>
  Object.keys(loraFields).filter((name) => defined(loraFields[name]).use === use);

test(`the table has the fields of PEFT ${peft.peft}, and no others`, () => {
  expect(Object.keys(loraFields).sort()).toEqual([...peft.fields].sort());
});

test('a field that PEFT does not know is ignored with a note', () => {
  expect(parsed({ use_something_new: true, another: 1 }).notes).toEqual([
    expect.stringContaining('"use_something_new", "another"'),
  ]);
  expect(parsed({}).notes).toEqual([]);
});

describe('an ignored field does not change the adapter', () => {
  test.for(fields('passed'))('%s', (name) => {
    for (const value of [null, true, false, 0, 3, 'text', [1], {}, { a: 1 }])
      expect(parsed({ [name]: value })).toEqual(parsed({}));
  });
});

describe('an unsupported field is refused by its name', () => {
  const off: Record<string, unknown[]> = {
    bias: ['none', null],
    init_lora_weights: [
      true,
      false,
      null,
      0,
      '',
      'gaussian',
      'Gaussian',
      'eva',
      'orthogonal',
      'mica',
    ],
  };
  // PEFT converts {} to a config object for these, which counts as set.
  const objects = [
    'arrow_config',
    'kasa_config',
    'monteclora_config',
    'use_bdlora',
    'velora_config',
  ];
  test.for(fields('refused'))('%s', (name) => {
    for (const value of off[name] ?? [
      null,
      false,
      ...(objects.includes(name) ? [] : [[], {}, 0, '']),
    ])
      expect(parsed({ [name]: value }), JSON.stringify(value)).toEqual(parsed({}));
    for (const value of [
      1,
      'true',
      [1],
      { a: 1 },
      ...(objects.includes(name) ? [{}] : []),
      ...(name === 'init_lora_weights'
        ? ['pissa', 'olora', 'loftq', 'corda', 'lora_ga', 'pissa_niter_4']
        : [true]),
    ]) {
      expect(() => parsed({ [name]: value }), JSON.stringify(value)).toThrow(name);
      expect(codeOf({ [name]: value })).toBe('adapter-kind');
    }
  });
});

describe('a supported field', () => {
  test.for<[string, object]>([
    ['alpha_pattern', { alpha_pattern: { q_proj: 5 } }],
    ['exclude_modules', { exclude_modules: ['q_proj'] }],
    ['layers_pattern', { layers_to_transform: [3], layers_pattern: 'h' }],
    ['layers_to_transform', { layers_to_transform: [4] }],
    ['lora_alpha', { lora_alpha: 5 }],
    ['r', { r: 3 }],
    ['rank_pattern', { rank_pattern: { q_proj: 5 } }],
    ['target_modules', { target_modules: ['k_proj'] }],
    ['use_rslora', { use_rslora: true }],
  ])('changes the adapter: %s', ([, settings]) => {
    expect(parsed(settings)).not.toEqual(parsed({}));
  });
  test('is one of these, the base model or the type', () => {
    expect(fields('read')).toEqual([
      'alpha_pattern',
      'base_model_name_or_path',
      'exclude_modules',
      'layers_pattern',
      'layers_to_transform',
      'lora_alpha',
      'peft_type',
      'r',
      'rank_pattern',
      'target_modules',
      'use_rslora',
    ]);
    expect(read({ base_model_name_or_path: 'a/b' }).baseModel).toBe('a/b');
    expect(codeOf({ peft_type: 'LOHA' })).toBe('adapter-kind');
    expect(codeOf({ peft_type: undefined })).toBe('bad-adapter');
  });

  test.for<[unknown, boolean]>([
    [true, true],
    [1, true],
    ['true', true],
    ['false', true],
    [[0], true],
    [{ a: 0 }, true],
    [false, false],
    [0, false],
    ['', false],
    [null, false],
    [[], false],
    [{}, false],
  ])('use_rslora %j is %s, as in Python, with a note if it is no boolean', ([value, want]) => {
    const { rsLora, notes } = parsed({ use_rslora: value });
    expect(rsLora).toBe(want);
    expect(isTrue(value)).toBe(want);
    expect(notes).toHaveLength(typeof value === 'boolean' || value === null ? 0 : 1);
  });

  test('r 0 is accepted if every module has its own rank', () => {
    expect(parsed({ r: 0, rank_pattern: { q_proj: 5 } }).rank).toBe(5);
    expect(codeOf({ r: 0, rank_pattern: { k_proj: 5 } })).toBe('adapter-setting');
  });

  test('patterns and targets that match nothing give a note, shadowed ones do not', () => {
    const { notes } = parsed({
      rank_pattern: { q_proj: 2, '.*q_proj': 4, v_proj: 8 },
      alpha_pattern: { nothing: 1, nobody: 2 },
      target_modules: ['q_proj', 'wq'],
    });
    expect(notes).toEqual([
      '"v_proj" in rank_pattern matches no adapted module',
      '"nothing", "nobody" in alpha_pattern match no adapted module',
      '"wq" in target_modules matches no adapted module',
    ]);
  });

  test('patterns that take too long to match are refused', () => {
    const slow = Object.fromEntries(
      Array.from({ length: 20 }, (_, i) => [`${'(a?|.){30,999}'.repeat(3)}${i}`, 2]),
    );
    const config = read({ rank_pattern: slow });
    expect(() =>
      Array.from({ length: 500 }, (_, i) => config.rankOf(`model.layers.${i}.${'a'.repeat(80)}`)),
    ).toThrow(/takes too long to match/);
    // Many ordinary patterns stay within the budget.
    const usual = Object.fromEntries(
      Array.from({ length: 60 }, (_, i) => [`.*layers\\.${i}\\..*(q|k)_proj`, 2 + i]),
    );
    const all = read({ rank_pattern: usual, alpha_pattern: usual });
    for (let i = 0; i < 60; i++)
      expect([
        all.rankOf(`model.layers.${i}.self_attn.k_proj`),
        all.alphaOf(`model.layers.${i}.self_attn.k_proj`),
      ]).toEqual([2 + i, 2 + i]);
  });
});
