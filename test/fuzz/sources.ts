/**
 * The valid inputs that are damaged: small generated files of every kind, and real exports of the
 * fixtures.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { defined, elementAt } from '../../src/checked.ts';
import { compile } from '../../src/compiler/index.ts';
import { adapterPlaces } from '../../src/compiler/modules.ts';
import { digestOf } from '../../src/experiment/digest.ts';
import { writeCheckpoint } from '../../src/studies/train/checkpoint-file.ts';
import { encodeLink } from '../../src/experiment/link.ts';
import { exportPeft } from '../../src/adapters/peft.ts';
import { parseResult } from '../../src/experiment/result-file.ts';
import { parseSpec, presets, presetSpec } from '../../src/experiment/schema.ts';
import { trainPresets } from '../../src/studies/train/presets.ts';
import { decodeMessage, modelProto } from '../../src/onnx/proto.ts';
import { writeGraph } from '../../src/onnx/write.ts';
import { fixturePath } from '../fixtures.ts';
import { cappedDecoderGraph, tinyDecoder, tinyDecoderGraph } from '../tiny-decoder.ts';
import { randomAdapters } from '../training-data.ts';

const root = resolve(import.meta.dirname, '../..');
const read = (path: string): Uint8Array => new Uint8Array(readFileSync(path));

export interface Export {
  file: string;
  bytes: Uint8Array;
  external: ReadonlyMap<string, Uint8Array>;
}

const made = (file: string, bytes: Uint8Array): Export => ({ file, bytes, external: new Map() });

/** Tiny exports, each of which opens in a few hundredths of a second. */
export const tinyExports = (): Export[] => [
  made('float32.onnx', tinyDecoder()),
  made('q4.onnx', tinyDecoder({ weights: 'q4' })),
  made('capped.onnx', writeGraph(cappedDecoderGraph())),
  ...[
    'llama-genai-fp16',
    'llama-genai-int4-cpu',
    'qwen2-genai-int4-cpu',
    'qwen2-genai-kquant-mixed',
    'qwen3-genai-int4-cpu',
  ].map((name) => real(`${name}/model.onnx`)),
  ...['qwen2/onnx/model.onnx', 'llama/onnx/model_fp16.onnx', 'qwen3/onnx/model_q4f16.onnx'].map(
    real,
  ),
];

/** Larger exports, which are read and compiled but not run. */
export const largeExports = (): Export[] => [
  made('model_q4.onnx', read(resolve(root, 'public/models/atlas-3m/onnx/model_q4.onnx'))),
  ...['gpt2/onnx/model.onnx', 'llama/onnx/model_quantized.onnx', 'llama/onnx/model_bnb4.onnx'].map(
    real,
  ),
];

function real(name: string): Export {
  const path = fixturePath('exports', name);
  const bytes = read(path);
  const { initializer } = defined(decodeMessage(modelProto, bytes).graph);
  const names = new Set(
    initializer.flatMap((t) =>
      t.externalData.filter((e) => e.key === 'location').map((e) => e.value),
    ),
  );
  return {
    file: name.replaceAll('/', '-'),
    bytes,
    external: new Map([...names].map((n) => [n, read(resolve(path, '..', n))])),
  };
}

const tinyModel = compile(tinyDecoderGraph());
const tinyModules = tinyModel.modules;
export const tinyPlaces = adapterPlaces(tinyModel);

/** Adapters of every module and of the head. */
const adapters = randomAdapters(tinyPlaces, (m) => 1 + (m.index % 3));
const peft = [true, false].map((rsLora) =>
  exportPeft({
    modules: tinyPlaces,
    adapters,
    scale: (m) => 1 + m / 10,
    rsLora,
    baseModel: 'tiny',
    taskType: 'CAUSAL_LM',
  }),
);

/**
 * PEFT's two files as this product writes them, and as PEFT does: names by suffix, patterns of a
 * few words.
 */
export const peftConfigs: readonly unknown[] = [
  ...peft.map(
    (files) => JSON.parse(new TextDecoder().decode(files.get('adapter_config.json'))) as unknown,
  ),
  {
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: 'tiny',
    bias: 'none',
    r: 2,
    lora_alpha: 4,
    use_rslora: false,
    lora_dropout: 0.1,
    fan_in_fan_out: false,
    init_lora_weights: true,
    modules_to_save: null,
    layers_to_transform: null,
    layers_pattern: null,
    target_modules: [...new Set(tinyPlaces.map((m) => elementAt(m.path.split('.'), -1)))],
    exclude_modules: null,
    use_dora: false,
    alpha_pattern: {},
    rank_pattern: Object.fromEntries(
      adapters
        .filter((a) => a.rank !== 2)
        .map((a) => [elementAt(tinyPlaces, a.module).path, a.rank]),
    ),
  },
];
export const peftWeights = defined(elementAt(peft, 0).get('adapter_model.safetensors'));

export const checkpointOf = { spec: parseSpec({}), hash: 'ab', modules: tinyModules };
const trained = randomAdapters(tinyModules, (m) => 1 + (m.index % 3));
export const checkpoint = writeCheckpoint(
  {
    ranks: tinyModules.map((m) => 1 + (m.index % 3)),
    trainings: [
      {
        step: 1,
        values: trained,
        moments: trained.map(({ loraA, loraB }) => ({
          firstA: loraA,
          secondA: loraA,
          firstB: loraB,
          secondB: loraB,
        })),
        told: [
          { type: 'evaluation', step: 0, loss: 4 },
          { type: 'step', step: 1, loss: 3, gradNorm: 0.1, learningRate: 2e-3, milliseconds: 12 },
        ],
      },
    ],
  },
  checkpointOf,
);

export const specs: readonly unknown[] = [...presets.keys()].map(presetSpec);
/** Input of `rank-atlas train`, in the current format and in earlier ones. */
export const trainings: readonly unknown[] = [
  ...Object.values(trainPresets).map(parseSpec),
  {
    version: 2,
    model: { id: 'bundled:atlas-3m' },
    base: 'nf4',
    method: { name: 'qdylora', mode: 'frozen', draw: { kind: 'geometric', p: 0.15 } },
    train: { kind: 'bundled', id: 'opticks-train' },
    held: { kind: 'own', text: 'Held out.' },
    bos: 'tokenizer',
    length: 64,
    heldSequences: 32,
    seed: 1,
    adapter: {
      ranks: { kind: 'listed', ranks: { 'model.layers.0.mlp.down_proj': 3 } },
      scale: { kind: 'alpha', value: 16 },
      start: 'fresh',
    },
    training: { steps: 60, batch: 6, learningRate: 2e-3, beta2: 0.999, maxNorm: 0.3 },
  },
];

const recorded = parseResult(
  JSON.parse(readFileSync(resolve(root, 'public/recorded/atlas-3m.json'), 'utf8')),
);
/** A result with few modules. A complete result has thousands of similar numbers. */
export const results: readonly unknown[] = [{ ...recorded, modules: recorded.modules.slice(0, 3) }];

export const links: readonly string[] = await Promise.all([
  ...(specs as Parameters<typeof encodeLink>[0][]).map((spec) => encodeLink(spec)),
  encodeLink(recorded.spec, { digest: digestOf(recorded) }),
]);
/** The content of a link before compression. */
export const linkContents: readonly unknown[] = [
  ...specs.map((spec) => ({ spec })),
  { spec: {}, digest: digestOf(recorded) },
];

export const configs: readonly unknown[] = ['config.json', 'generation_config.json'].map(
  (name) =>
    JSON.parse(readFileSync(resolve(root, 'public/models/atlas-3m', name), 'utf8')) as unknown,
);

const vocab = (words: readonly string[]) => Object.fromEntries(words.map((word, i) => [word, i]));
const special = {
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: true,
};
const bytes = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i));

/** One tokenizer per model family. */
export const tokenizers: readonly unknown[] = [
  {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [{ id: 97, content: '<s>', ...special }],
    normalizer: null,
    pre_tokenizer: {
      type: 'ByteLevel',
      add_prefix_space: false,
      trim_offsets: true,
      use_regex: true,
    },
    post_processor: null,
    decoder: { type: 'ByteLevel' },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      fuse_unk: false,
      byte_fallback: false,
      vocab: vocab([...bytes, 'Ġ', 'th', 'the']),
      merges: [
        ['t', 'h'],
        ['th', 'e'],
      ],
    },
  },
  {
    version: '1.0',
    added_tokens: [{ id: 0, content: '<unk>', ...special }],
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'Prepend', prepend: '▁' },
        { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
      ],
    },
    pre_tokenizer: null,
    post_processor: {
      type: 'TemplateProcessing',
      single: [
        { SpecialToken: { id: '<unk>', type_id: 0 } },
        { Sequence: { id: 'A', type_id: 0 } },
      ],
      pair: [],
      special_tokens: { '<unk>': { id: '<unk>', ids: [0], tokens: ['<unk>'] } },
    },
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        { type: 'Strip', content: ' ', start: 1, stop: 0 },
      ],
    },
    model: {
      type: 'BPE',
      unk_token: '<unk>',
      fuse_unk: true,
      byte_fallback: true,
      vocab: vocab([
        '<unk>',
        ...Array.from(
          { length: 256 },
          (_, i) => `<0x${i.toString(16).toUpperCase().padStart(2, '0')}>`,
        ),
        '▁',
        'a',
        'b',
        'ab',
      ]),
      merges: ['a b'],
    },
  },
  {
    version: '1.0',
    added_tokens: [{ id: 0, content: '[UNK]', ...special }],
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: null,
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: vocab(['[UNK]', 'a', 'b', '##a', '##b', 'the']),
    },
  },
  {
    version: '1.0',
    added_tokens: [{ id: 0, content: '<unk>', ...special }],
    normalizer: { type: 'Sequence', normalizers: [{ type: 'NFKC' }, { type: 'Lowercase' }] },
    pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true },
    post_processor: null,
    decoder: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true },
    model: {
      type: 'Unigram',
      unk_id: 0,
      vocab: [
        ['<unk>', 0],
        ['▁', -1],
        ['a', -2],
        ['b', -2.5],
        ['▁ab', -3],
      ],
      byte_fallback: false,
    },
  },
  {
    version: '1.0',
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Digits', individual_digits: true },
        { type: 'Split', pattern: { Regex: '\\s+|\\p{L}+' }, behavior: 'Isolated', invert: false },
        { type: 'ByteLevel', add_prefix_space: false, use_regex: false },
      ],
    },
    post_processor: null,
    decoder: { type: 'ByteLevel' },
    model: { type: 'BPE', vocab: vocab(bytes), merges: [] },
  },
];
