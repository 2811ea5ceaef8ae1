/**
 * Tensor names as training scripts write them, number types, and tensors that are not an adapter of
 * a layer.
 */
import { describe, expect, test } from 'vitest';
import { defined, elementAt } from '../checked.ts';
import { configOf, safetensorsOf, type HandTensor } from '../../test/adapter-files.ts';
import type { ModuleInfo } from '../compiler/modules.ts';
import type { AtlasError } from '../errors.ts';
import type { SafetensorsType } from '../model/safetensors.ts';
import { importPeft } from './peft.ts';

const module = (index: number, path: string): ModuleInfo => ({
  index,
  path,
  layer: 0,
  role: 'other',
  group: 'other',
  inFeatures: 3,
  outFeatures: 2,
  format: { kind: 'float32' },
  hasBias: false,
  bytes: 0,
});
const modules = ['q_proj', 'o_proj'].map((name, i) =>
  module(i, `model.layers.0.self_attn.${name}`),
);
const A = [1, -0.5, 2];
const B = [0.25, -4];
const config = configOf({ target_modules: ['q_proj'], r: 1 });

/** A and B of q_proj under the names `name('A')` and `name('B')`, plus further tensors. */
const weights = (
  name: (letter: string) => string,
  further: Record<string, HandTensor> = {},
  type: SafetensorsType = 'F32',
) =>
  safetensorsOf({
    [name('A')]: { shape: [1, 3], values: A, type },
    [name('B')]: { shape: [2, 1], values: B, type },
    ...further,
  });
const path = 'model.layers.0.self_attn.q_proj';
const plain = (letter: string) => `base_model.model.${path}.lora_${letter}.weight`;
const called = (adapter: string) => (letter: string) =>
  `base_model.model.${path}.lora_${letter}.${adapter}.weight`;
const other = (name: (letter: string) => string): Record<string, HandTensor> => ({
  [name('A')]: { shape: [1, 3], values: [9, 9, 9] },
  [name('B')]: { shape: [2, 1], values: [9, 9] },
});

function caught(run: () => unknown): AtlasError {
  try {
    run();
  } catch (error) {
    return error as AtlasError;
  }
  throw new Error('nothing was thrown');
}

test.for<[string, (letter: string) => string, Record<string, HandTensor>, RegExp | null]>([
  ['as PEFT saves it', plain, {}, null],
  ['with the name PEFT gives it', called('default'), {}, null],
  ['with another name', called('style'), {}, /the name of an adapter, "style"/],
  [
    'with others beside it',
    called('default'),
    { ...other(called('style')), ...other(called('tone')) },
    /ignored: "style", "tone"/,
  ],
  ['without a name, others beside it', plain, other(called('style')), /ignored: "style"/],
  ['torch.compile around PEFT', (l) => `_orig_mod.${plain(l)}`, {}, /"_orig_mod"/],
  [
    'torch.compile within it',
    (l) => plain(l).replace('model.model.model', 'model.model._orig_mod.model'),
    {},
    /"_orig_mod"/,
  ],
  [
    'torch.compile of every layer',
    (l) => plain(l).replace('layers.0.', 'layers.0._orig_mod.'),
    {},
    /"_orig_mod"/,
  ],
  ['DataParallel', (l) => `module.${plain(l)}`, {}, /"module"/],
  [
    'DataParallel within it',
    (l) => plain(l).replace('base_model.model.', 'base_model.model.module.'),
    {},
    /"module"/,
  ],
  [
    'all at once',
    (l) =>
      `module._orig_mod.${called('default')(l).replace('.self_attn', '._fsdp_wrapped_module.self_attn')}`,
    {},
    /"_orig_mod", "_fsdp_wrapped_module", "module"/,
  ],
])('reads an adapter %s', ([, name, further, note]) => {
  const { adapters, notes } = importPeft(config, weights(name, further), modules);
  expect(adapters).toEqual([
    { module: 0, rank: 1, loraA: Float32Array.from(A), loraB: Float32Array.from(B) },
  ]);
  expect(notes).toEqual(note ? [expect.stringMatching(note)] : []);
});

test.for<[string, string, RegExp, (letter: string) => string, Record<string, HandTensor>]>([
  [
    'bad-adapter',
    'two names, none PEFT’s',
    /several adapters, "a", "b"/,
    called('a'),
    other(called('b')),
  ],
  [
    'bad-adapter',
    'once with PEFT’s name, once without',
    /A of ".*q_proj" twice/,
    plain,
    other(called('default')),
  ],
  ['bad-adapter', 'once wrapped, once not', /twice/, plain, other((l) => `_orig_mod.${plain(l)}`)],
  [
    'bad-adapter',
    'no prefix',
    /does not begin with "base_model\.model\."/,
    (l) => plain(l).replace('base_model.model.', ''),
    {},
  ],
  [
    'adapter-place',
    'an adapter of a classifier',
    /adapts "score"/,
    plain,
    other((l) => `base_model.model.score.lora_${l}.weight`),
  ],
  [
    'adapter-place',
    'an adapter of the embedding',
    /the embedding/,
    plain,
    { 'base_model.model.model.embed_tokens.lora_embedding_A': { shape: [1, 2], values: [1, 1] } },
  ],
  [
    'adapter-embeddings',
    'the head, saved along',
    /lm_head\.base_layer\.weight/,
    plain,
    { 'base_model.model.lm_head.base_layer.weight': { shape: [1, 2], values: [1, 1] } },
  ],
  [
    'adapter-embeddings',
    'the embedding, saved along',
    /save_embedding_layers=False/,
    plain,
    { 'base_model.model.model.embed_tokens.weight': { shape: [1, 2], values: [1, 1] } },
  ],
  [
    'adapter-model',
    'a layer this model lacks',
    /layers\.7/,
    plain,
    other((l) => plain(l).replace('layers.0', 'layers.7')),
  ],
  [
    'adapter-pair',
    'weights for what is no target',
    /o_proj/,
    plain,
    other((l) => plain(l).replace('q_proj', 'o_proj')),
  ],
  [
    'bad-adapter',
    'a bias',
    /not A or B/,
    plain,
    { [`base_model.model.${path}.bias`]: { shape: [2], values: [1, 1] } },
  ],
])('refuses weights, %s: %s', ([code, , message, name, further]) => {
  const error = caught(() => importPeft(config, weights(name, further), modules));
  expect(error.code).toBe(code);
  expect(error.message).toMatch(message);
});

describe('numbers are read exactly', () => {
  test.for<SafetensorsType>(['F64', 'F32', 'F16', 'BF16'])('%s', (type) => {
    const powers = { A: [1, -0.5, 2], B: [0.25, -4] };
    const {
      adapters: [adapter],
    } = importPeft(config, weights(plain, {}, type), modules);
    expect([...defined(adapter).loraA]).toEqual(powers.A);
    expect([...defined(adapter).loraB]).toEqual(powers.B);
  });

  test('float64 is rounded to the nearest float32, and refused beyond its range', () => {
    const file = (value: number) =>
      safetensorsOf({
        [plain('A')]: { shape: [1, 3], values: [value, 0, 0], type: 'F64' },
        [plain('B')]: { shape: [2, 1], values: B },
      });
    expect(elementAt(importPeft(config, file(1 / 3), modules).adapters, 0).loraA[0]).toBe(
      Math.fround(1 / 3),
    );
    expect(caught(() => importPeft(config, file(1e300), modules)).code).toBe('adapter-values');
  });

  test('metadata of null is read as absent', () => {
    const file = safetensorsOf(
      { [plain('A')]: { shape: [1, 3], values: A }, [plain('B')]: { shape: [2, 1], values: B } },
      null,
    );
    expect(importPeft(config, file, modules).adapters).toHaveLength(1);
  });
});

test('without target_modules the weights name the targets, with a note', () => {
  for (const targets of [{ target_modules: null }, {}]) {
    const { adapters, notes } = importPeft(configOf({ r: 1, ...targets }), weights(plain), modules);
    expect(adapters.map((a) => a.module)).toEqual([0]);
    expect(notes).toEqual([expect.stringContaining('target_modules is missing')]);
  }
  expect(
    caught(() =>
      importPeft(
        configOf({ r: 1, target_modules: null, exclude_modules: ['q_proj'] }),
        weights(plain),
        modules,
      ),
    ).code,
  ).toBe('adapter-pair');
});

test('r 0 is accepted if the pattern has every rank', () => {
  const { adapters, scale } = importPeft(
    configOf({ target_modules: ['q_proj'], r: 0, lora_alpha: 3, rank_pattern: { q_proj: 1 } }),
    weights(plain),
    modules,
  );
  expect(adapters).toHaveLength(1);
  expect(scale(0)).toBe(3);
});

describe('an adapter of lm_head', () => {
  const places = [...modules, { index: 2, path: 'lm_head', inFeatures: 3, outFeatures: 4 }];
  const named = (name: string) => `base_model.model.lm_head.${name}.weight`;
  const head: Record<string, HandTensor> = {
    [named('lora_A')]: { shape: [2, 3], values: [1, 2, 3, 4, 5, 6] },
    [named('lora_B')]: { shape: [4, 2], values: [1, 2, 3, 4, 5, 6, 7, 8] },
  };
  const ofBoth = other((l) => plain(l).replace('q_proj', 'o_proj'));
  const settings = (over: object = {}) =>
    configOf({
      target_modules: ['q_proj', 'lm_head'],
      r: 1,
      lora_alpha: 3,
      rank_pattern: { lm_head: 2 },
      alpha_pattern: { '.*head': 8 },
      ...over,
    });
  const read = (tensors: Record<string, HandTensor> = head, config = settings()) =>
    importPeft(config, weights(plain, tensors), places);

  test('comes after the modules, with its own rank and scale', () => {
    const { adapters, scale, notes } = read();
    expect(adapters.map((a) => [a.module, a.rank])).toEqual([
      [0, 1],
      [2, 2],
    ]);
    expect([...elementAt(adapters, 1).loraB]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect([scale(0), scale(2)]).toEqual([3, 4]);
    expect(read(head, settings({ use_rslora: true })).scale(2)).toBeCloseTo(8 / Math.SQRT2, 12);
    expect(notes).toEqual([]);
  });

  test('is read alone, and under the names of an adapter or a wrapper', () => {
    const tensors = Object.fromEntries(
      Object.entries(head).map(([name, tensor]) => [
        `_orig_mod.${name.replace('.weight', '.default.weight')}`,
        tensor,
      ]),
    );
    expect(
      importPeft(
        settings({ target_modules: ['lm_head'] }),
        safetensorsOf(tensors),
        places,
      ).adapters.map((a) => a.module),
    ).toEqual([2]);
  });

  test('is read without the full weight that PEFT saves with it, with a note', () => {
    const own = (rows: number): Record<string, HandTensor> => ({
      ...head,
      [named('base_layer')]: { shape: [rows, 3], values: new Array<number>(3 * rows).fill(7) },
    });
    const { adapters, notes } = read(own(4));
    expect(adapters).toEqual(read().adapters);
    expect(notes).toEqual([expect.stringMatching(/the weight of the head.*ignored/)]);
    expect(caught(() => read(own(5)))).toMatchObject({
      code: 'adapter-model',
      message: expect.stringMatching(
        /"lm_head\.base_layer\.weight" is \[5, 3\], but the head of the open model is \[4, 3\]/,
      ) as string,
    });
  });

  test.for<[string, string, RegExp, Record<string, HandTensor>, Uint8Array?]>([
    [
      'adapter-model',
      'of another vocabulary',
      /"lm_head" maps 3 features to 5, but that of the open model maps 3 to 4/,
      { ...head, [named('lora_B')]: { shape: [5, 2], values: new Array<number>(10).fill(1) } },
    ],
    [
      'bad-adapter',
      'A without B',
      /"lm_head" has A but no B/,
      { [named('lora_A')]: defined(head[named('lora_A')]) },
    ],
    [
      'adapter-pair',
      'another rank than the settings’',
      /"lm_head" has rank 2 in the weights, but 1/,
      head,
      settings({ rank_pattern: {} }),
    ],
    ['adapter-pair', 'named, but without weights', /nothing for "lm_head"/, {}],
    [
      'adapter-pair',
      '"all-linear", which leaves it out',
      /the weights adapt "lm_head", which .* does not name/,
      { ...head, ...ofBoth },
      settings({ target_modules: 'all-linear' }),
    ],
  ])('is refused, %s: %s', ([code, , message, tensors, config]) => {
    expect(caught(() => read(tensors, config))).toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
    });
  });

  test('is not required by "all-linear"', () => {
    expect(
      read(
        ofBoth,
        settings({ target_modules: 'all-linear', rank_pattern: {}, alpha_pattern: {} }),
      ).adapters.map((a) => a.module),
    ).toEqual([0, 1]);
  });
});
