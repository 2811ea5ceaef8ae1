/**
 * PEFT's files: an export is imported unchanged, PEFT's rules apply, and anything but plain LoRA
 * for this model is refused.
 */
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { defined, elementAt } from '../checked.ts';
import '../../test/seed.ts';
import { hasShared, sharedPath } from '../../test/shared.ts';
import type { ModuleInfo } from '../compiler/modules.ts';
import { fillNormal, streamKeys } from '../device/random.ts';
import type { AdapterValues } from '../engine/engine.ts';
import { readSafetensors, writeSafetensors, type FloatTensor } from '../model/safetensors.ts';
import { exportPeft, importPeft, type PeftExport } from './peft.ts';

const module = (index: number, path: string, inFeatures = 6, outFeatures = 4): ModuleInfo => ({
  index,
  path,
  layer: 0,
  role: 'other',
  group: 'other',
  inFeatures,
  outFeatures,
  format: { kind: 'float32' },
  hasBias: false,
  bytes: 0,
});
const paths = (layers: number) =>
  Array.from({ length: layers }, (_, l) =>
    ['self_attn.q_proj', 'self_attn.o_proj', 'mlp.down_proj'].map(
      (name) => `model.layers.${l}.${name}`,
    ),
  ).flat();
const modules = paths(12).map((path, i) => module(i, path, 5 + (i % 3), 4 + (i % 2)));

function adapter({ index, inFeatures, outFeatures }: ModuleInfo, rank: number): AdapterValues {
  const normal = (stream: number, count: number) =>
    fillNormal(streamKeys(3, index, stream), new Float32Array(count));
  return {
    module: index,
    rank,
    loraA: normal(0, rank * inFeatures),
    loraB: normal(1, outFeatures * rank),
  };
}

const written = (adapters: readonly AdapterValues[], over: Partial<PeftExport> = {}) => {
  const files = exportPeft({
    modules,
    adapters,
    scale: (m) => 0.5 + m / 7,
    baseModel: 'example/model',
    taskType: 'CAUSAL_LM',
    ...over,
  });
  const config = defined(files.get('adapter_config.json'));
  const weights = defined(files.get('adapter_model.safetensors'));
  return { files, config, weights, json: JSON.parse(new TextDecoder().decode(config)) };
};
const configBytes = (config: unknown) =>
  new TextEncoder().encode(typeof config === 'string' ? config : JSON.stringify(config));

describe('export', () => {
  const adapters = modules.map((m) => adapter(m, m.index % 5));
  const { json, weights, files } = written(adapters);
  const adapted = adapters.filter((a) => a.rank > 0);

  test('names every adapted module in full, in the targets and both patterns, and none of rank 0', () => {
    expect([...files.keys()]).toEqual(['adapter_config.json', 'adapter_model.safetensors']);
    const names = adapted.map((a) => elementAt(modules, a.module).path);
    expect(json).toMatchObject({
      peft_type: 'LORA',
      task_type: 'CAUSAL_LM',
      base_model_name_or_path: 'example/model',
      bias: 'none',
      r: 4,
      use_rslora: false,
      fan_in_fan_out: false,
      target_modules: names,
    });
    expect(json.rank_pattern).toEqual(
      Object.fromEntries(adapted.map((a) => [elementAt(modules, a.module).path, a.rank])),
    );
    expect(Object.keys(json.alpha_pattern)).toEqual(names);
  });

  test('writes the tensors as PEFT names and shapes them', () => {
    const { tensors, metadata } = readSafetensors(weights, 'w');
    expect(metadata.get('format')).toBe('pt');
    expect(tensors.size).toBe(2 * adapted.length);
    expect(
      tensors.get('base_model.model.model.layers.1.self_attn.q_proj.lora_A.weight'),
    ).toMatchObject({ type: 'F32', shape: [3, 5] });
    expect(
      tensors.get('base_model.model.model.layers.1.self_attn.q_proj.lora_B.weight'),
    ).toMatchObject({ type: 'F32', shape: [5, 3] });
  });

  test('sets fan_in_fan_out for the transposed weights of GPT-2', () => {
    const gpt2 = ['attn.c_attn', 'attn.c_proj', 'mlp.c_fc', 'mlp.c_proj'].map((name, i) =>
      module(i, `transformer.h.3.${name}`),
    );
    expect(
      written(
        gpt2.map((m) => adapter(m, 2)),
        { modules: gpt2 },
      ).json.fan_in_fan_out,
    ).toBe(true);
  });

  test('refuses an adapter without ranks', () => {
    expect(() => written(modules.map((m) => adapter(m, 0)))).toThrow(/every module has rank 0/);
  });
});

describe('export and import preserve', () => {
  test('any ranks and scales, with and without rsLoRA', () => {
    fc.assert(
      fc.property(
        fc
          .array(fc.nat({ max: 9 }), { minLength: modules.length, maxLength: modules.length })
          .filter((ranks) => ranks.some(Boolean)),
        fc.boolean(),
        (ranks, rsLora) => {
          const adapters = modules.map((m) => adapter(m, ranks[m.index]!));
          const { config, weights } = written(adapters, { rsLora });
          const back = importPeft(config, weights, modules);
          expect(back).toMatchObject({
            rsLora,
            baseModel: 'example/model',
            adapters: adapters.filter((a) => a.rank > 0),
          });
          for (const { module: m } of back.adapters)
            expect(back.scale(m)).toBeCloseTo(0.5 + m / 7, 12);
        },
      ),
      { numRuns: 20 },
    );
  });

  test('float16 and bfloat16 weights', () => {
    // A and B of ones: 0x3c00 and 0x3f80.
    for (const [dtype, high] of [
      ['F16', 0x3c],
      ['BF16', 0x3f],
    ] as const) {
      const data = new Uint8Array(2 * 10).map((_, i) =>
        i % 2 ? high : dtype === 'F16' ? 0 : 0x80,
      );
      const name = `base_model.model.${elementAt(modules, 0).path}`;
      const header = configBytes({
        [`${name}.lora_A.weight`]: { dtype, shape: [1, 5], data_offsets: [0, 10] },
        [`${name}.lora_B.weight`]: { dtype, shape: [4, 1], data_offsets: [10, 18] },
        x: { dtype: 'F16', shape: [1], data_offsets: [18, 20] },
      });
      const file = (text: Uint8Array, length: number) => {
        const bytes = new Uint8Array(8 + text.length + length);
        new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
        bytes.set(text, 8);
        bytes.set(data.subarray(0, length), 8 + text.length);
        return bytes;
      };
      const config = configBytes({
        peft_type: 'LORA',
        r: 1,
        target_modules: [elementAt(modules, 0).path],
      });
      expect(() => importPeft(config, file(header, 20), modules)).toThrow(/"x" is not A or B/);
      const {
        adapters: [values],
      } = importPeft(
        config,
        file(
          configBytes(
            JSON.stringify({ ...JSON.parse(new TextDecoder().decode(header)), x: undefined }),
          ),
          18,
        ),
        modules,
      );
      expect([...defined(values).loraA, ...defined(values).loraB]).toEqual(Array(9).fill(1));
    }
  });
});

describe('import', () => {
  /** Imports adapters of these ranks with these settings. */
  const read = (config: object, ranks: (m: ModuleInfo) => number) => {
    const { weights } = written(modules.map((m) => adapter(m, ranks(m))));
    return importPeft(configBytes({ peft_type: 'LORA', ...config }), weights, modules);
  };
  const all = { target_modules: 'all-linear' };

  test('uses the first matching pattern, for ranks and for α separately', () => {
    const { adapters, scale } = read(
      {
        ...all,
        r: 2,
        lora_alpha: 6,
        rank_pattern: { '.*\\.1\\..*proj': 3, 'layers.1.self_attn.q_proj': 7, down_proj: 1 },
        alpha_pattern: { q_proj: 9 },
      },
      (m) => (/\.1\./.test(m.path) ? 3 : /down/.test(m.path) ? 1 : 2),
    );
    expect(scale(0)).toBe(9 / 2);
    expect(scale(1)).toBe(6 / 2);
    expect(scale(2)).toBe(6);
    expect([scale(3), scale(4), scale(5)]).toEqual([3, 2, 2]);
    expect(adapters).toHaveLength(modules.length);
  });

  test('reads absent r and α as 8, and divides by √r with rsLoRA', () => {
    expect(read(all, () => 8).scale(0)).toBe(1);
    expect(read({ ...all, r: 4, lora_alpha: 6, use_rslora: true }, () => 4).scale(0)).toBe(3);
  });

  test.for<[string, object, RegExp]>([
    ['endings', { target_modules: ['q_proj', 'mlp.down_proj'] }, /q_proj|down_proj/],
    [
      'a regular expression',
      { target_modules: '.*\\.[0-3]\\..*(?:q|o)_proj' },
      /\.[0-3]\..*(q|o)_proj/,
    ],
    [
      'exclusions',
      {
        target_modules: ['q_proj', 'o_proj'],
        exclude_modules: ['model.layers.2.self_attn.q_proj', '5.self_attn.o_proj'],
      },
      /(?<!\.2\..*)q_proj|(?<!\.5\..*)o_proj/,
    ],
    [
      'layers',
      { target_modules: ['q_proj', 'model.layers.9.mlp.down_proj'], layers_to_transform: [0, 11] },
      /\.(0|11)\..*q_proj|\.9\.mlp/,
    ],
    [
      'one layer, by pattern',
      { target_modules: ['q_proj'], layers_to_transform: 3, layers_pattern: ['h', 'layers'] },
      /\.3\..*q_proj/,
    ],
    ['every linear layer', { target_modules: 'all-linear' }, /./],
  ])('reads targets: %s', ([, config, which]) => {
    const { adapters } = read({ ...config, r: 2 }, (m) => (which.test(m.path) ? 2 : 0));
    expect(adapters.map((a) => elementAt(modules, a.module).path)).toEqual(
      modules.map((m) => m.path).filter((p) => which.test(p)),
    );
    // One module more or less than the settings name is a contradiction.
    const first = modules.findIndex((m) => which.test(m.path));
    const other = modules.findIndex((m) => !which.test(m.path));
    if (adapters.length > 1)
      expect(() =>
        read({ ...config, r: 2 }, (m) => (which.test(m.path) && m.index !== first ? 2 : 0)),
      ).toThrow(/contain nothing for/);
    if (other >= 0)
      expect(() =>
        read({ ...config, r: 2 }, (m) => (which.test(m.path) || m.index === other ? 2 : 0)),
      ).toThrow(/which adapter_config.json does not name/);
  });
});

describe('import refuses with its reason', () => {
  const some = modules.slice(0, 3).map((m) => adapter(m, 2));
  const { json, config, weights } = written(some);
  const code = (expected: string) => expect.objectContaining({ code: expected });
  const caught = (run: () => unknown): unknown => {
    try {
      return run();
    } catch (error) {
      return error;
    }
  };

  test.for(['{"peft_type": "LORA"', '[1]', '{"peft_type": "LORA", "r": 2, "r": 4}'])(
    'bad-adapter: %s',
    (text) => {
      expect(caught(() => importPeft(configBytes(text), weights, modules))).toEqual(
        code('bad-adapter'),
      );
    },
  );

  test.for<[string, object]>([
    ['adapter-setting', { r: 0, rank_pattern: {} }],
    ['adapter-setting', { r: '8', rank_pattern: {} }],
    ['adapter-setting', { r: null, rank_pattern: {} }],
    ['adapter-setting', { r: true, rank_pattern: {} }],
    ['adapter-setting', { r: 2.5, rank_pattern: {} }],
    ['adapter-setting', { lora_alpha: null, alpha_pattern: {} }],
    ['adapter-setting', { lora_alpha: '16', alpha_pattern: {} }],
    ['adapter-setting', { lora_alpha: 1e300, alpha_pattern: {} }],
    ['adapter-setting', { rank_pattern: [2] }],
    ['adapter-setting', { rank_pattern: { q_proj: 0 } }],
    ['adapter-setting', { rank_pattern: { '(?i)q_proj': 2 } }],
    ['adapter-pair', { rank_pattern: { [elementAt(modules, 1).path]: 3 } }],
    ['adapter-pair', { target_modules: [] }],
    ['adapter-setting', { target_modules: [1] }],
    ['adapter-setting', { target_modules: '(' }],
    ['adapter-setting', { layers_to_transform: ['one'] }],
    ['adapter-setting', { target_modules: '.*proj', layers_to_transform: 0 }],
    ['adapter-setting', { target_modules: 'all-linear', layers_pattern: 'layers' }],
    ['adapter-setting', { layers_pattern: ['layers'] }],
    ['adapter-kind', { peft_type: 'LOHA' }],
    ['bad-adapter', { peft_type: undefined }],
    ['adapter-kind', { use_dora: true }],
    ['adapter-kind', { bias: 'all' }],
    ['adapter-kind', { lora_bias: true }],
    ['adapter-kind', { modules_to_save: ['lm_head'] }],
    ['adapter-kind', { trainable_token_indices: { embed_tokens: [1] } }],
    ['adapter-kind', { target_parameters: ['experts.w'] }],
    ['adapter-kind', { layer_replication: [[0, 2]] }],
    ['adapter-kind', { alora_invocation_tokens: [1, 2] }],
    ['adapter-kind', { init_lora_weights: 'pissa_niter_4' }],
    [
      'adapter-kind',
      { target_modules: ['q_proj'], layers_to_transform: [0], layers_pattern: 'l.*' },
    ],
  ])('%s: %j', ([expected, change]) => {
    expect(caught(() => importPeft(configBytes({ ...json, ...change }), weights, modules))).toEqual(
      code(expected),
    );
  });

  test('a number too large for a float, by its value', () => {
    const text = JSON.stringify({ ...json, lora_alpha: 0, alpha_pattern: {} });
    const endless = new TextEncoder().encode(text.replace('"lora_alpha":0', '"lora_alpha":1e400'));
    const refusal = caught(() => importPeft(endless, weights, modules)) as Error;
    expect(refusal.message).toContain('Infinity');
    expect(refusal.message).not.toContain('null');
  });

  test('empty settings of current PEFT are read as unused', () => {
    const none = {
      use_dora: false,
      modules_to_save: null,
      trainable_token_indices: [],
      loftq_config: {},
      layer_replication: null,
      lora_bias: false,
      bias: 'none',
      init_lora_weights: 'gaussian',
    };
    expect(
      importPeft(configBytes({ ...json, ...none, use_something_new: true }), weights, modules)
        .adapters,
    ).toHaveLength(3);
  });

  const key = (index: number, letter: string) =>
    `base_model.model.${elementAt(modules, index).path}.lora_${letter}.weight`;
  const file = (change: (tensors: Map<string, FloatTensor>) => void) => {
    const tensors = new Map<string, FloatTensor>(
      some.flatMap(({ module: m, loraA, loraB }) => [
        [key(m, 'A'), { shape: [2, elementAt(modules, m).inFeatures], data: loraA }],
        [key(m, 'B'), { shape: [elementAt(modules, m).outFeatures, 2], data: loraB }],
      ]),
    );
    change(tensors);
    return writeSafetensors(tensors);
  };
  const zeros = (...shape: number[]): FloatTensor => ({
    shape,
    data: new Float32Array(shape.reduce((a, b) => a * b, 1)),
  });
  test.for<[string, string, (tensors: Map<string, FloatTensor>) => void]>([
    ['bad-adapter', 'A without B', (t) => t.delete(key(1, 'B'))],
    ['bad-adapter', 'B without A', (t) => t.delete(key(1, 'A'))],
    [
      'adapter-pair',
      'neither of a target',
      (t) => {
        t.delete(key(1, 'A'));
        t.delete(key(1, 'B'));
      },
    ],
    ['bad-adapter', 'nothing', (t) => t.clear()],
    [
      'bad-adapter',
      'A and B of two ranks',
      (t) => t.set(key(1, 'A'), zeros(3, elementAt(modules, 1).inFeatures)),
    ],
    [
      'adapter-pair',
      'another rank than said',
      (t) => {
        t.set(key(1, 'A'), zeros(3, elementAt(modules, 1).inFeatures));
        t.set(key(1, 'B'), zeros(elementAt(modules, 1).outFeatures, 3));
      },
    ],
    [
      'adapter-values',
      'not finite',
      (t) => {
        t.set(key(1, 'A'), {
          ...zeros(2, elementAt(modules, 1).inFeatures),
          data: new Float32Array(2 * elementAt(modules, 1).inFeatures).fill(NaN),
        });
      },
    ],
    [
      'bad-adapter',
      'a magnitude vector',
      (t) =>
        t.set(`base_model.model.${elementAt(modules, 1).path}.lora_magnitude_vector`, zeros(4)),
    ],
    [
      'adapter-place',
      'an embedding',
      (t) => t.set('base_model.model.model.embed_tokens.lora_embedding_A', zeros(2, 9)),
    ],
    ['bad-adapter', 'a scalar', (t) => t.set(key(1, 'A'), zeros())],
    ['adapter-model', 'a narrower layer', (t) => t.set(key(1, 'A'), zeros(2, 3))],
    ['adapter-model', 'a wider layer', (t) => t.set(key(1, 'B'), zeros(64, 2))],
    [
      'adapter-model',
      'a layer that is not there',
      (t) => {
        t.set('base_model.model.model.layers.99.mlp.gate_proj.lora_A.weight', zeros(2, 5));
        t.set('base_model.model.model.layers.99.mlp.gate_proj.lora_B.weight', zeros(4, 2));
      },
    ],
  ])('%s: %s', ([expected, , change]) => {
    expect(caught(() => importPeft(config, file(change), modules))).toEqual(code(expected));
  });
});

describe.skipIf(!hasShared)('adapters of SmolLM2 saved by PEFT are read', () => {
  test.for(['peft_adapter', 'peft_adapter_rslora'])('%s, with their ranks and scales', (folder) => {
    const reference = (...parts: string[]) =>
      readFileSync(sharedPath('reference', 'smollm2', ...parts));
    const widths: Record<string, [number, number]> = {
      q_proj: [576, 576],
      k_proj: [576, 192],
      v_proj: [576, 192],
      o_proj: [576, 576],
      gate_proj: [576, 1536],
      up_proj: [576, 1536],
      down_proj: [1536, 576],
    };
    const smollm2 = Array.from({ length: 30 }, (_, l) =>
      Object.entries(widths).map(([name, [inFeatures, outFeatures]], i) =>
        module(
          7 * l + i,
          `model.layers.${l}.${i < 4 ? 'self_attn' : 'mlp'}.${name}`,
          inFeatures,
          outFeatures,
        ),
      ),
    ).flat();
    const { adapters, scale } = importPeft(
      reference(folder, 'adapter_config.json'),
      reference(folder, 'adapter_model.safetensors'),
      smollm2,
    );
    const want: Record<string, { rank: number; scale: number }> = JSON.parse(
      String(reference('peft_logits.json')),
    ).adapters[folder].modules;
    expect(
      Object.fromEntries(
        adapters.map((a) => [
          elementAt(smollm2, a.module).path,
          { rank: a.rank, scale: scale(a.module) },
        ]),
      ),
    ).toEqual(want);
  });
});
