/** Lists the kinds of input: how to generate one from a seed, read it, and run it if accepted. */
import { deflateRawSync } from 'node:zlib';
import { defined, elementAt } from '../../src/checked.ts';
import { LINK_VERSION } from '../../src/experiment/link.ts';
import { damagedBytes } from './bytes.ts';
import { damagedJson } from './json.ts';
import { damagedOnnx } from './onnx.ts';
import { judgeAdapter, judgeModel, type Verdict } from './open.ts';
import type { Random } from './random.ts';
import * as read from './readers.ts';
import { damagedSafetensors, otherNumbers } from './safetensors.ts';
import * as sources from './sources.ts';
import { damagedZip } from './zip.ts';

/** Files by name. A link is a file with its text. */
export type Input = readonly (readonly [name: string, bytes: Uint8Array])[];

export interface Kind {
  /** Inputs of this kind per thousand. */
  share: number;
  make(random: Random): Input;
  /** Throws the errors of the reader. */
  read(input: Input): unknown;
  /** Runs an accepted input. */
  open?(value: never): Promise<Verdict>;
}

const [tiny, large] = [sources.tinyExports(), sources.largeExports()];
const externals = new Map([...tiny, ...large].map((e) => [e.file, e.external]));

/**
 * The first exports in the list are generated and small. They are chosen more often than the
 * fixtures.
 */
const MADE = 3;

const only = (random: Random, name: string, values: readonly unknown[]): Input => [
  [name, damagedJson(random, random.pick(values))],
];
const onnx = (random: Random, list: readonly sources.Export[]): Input => {
  const { file, bytes } = random.pick(list);
  return [[file, damagedOnnx(random, bytes)]];
};
const readExport = ([one]: Input) => {
  const [file, bytes] = defined(one);
  const external = defined(externals.get(file));
  return read.readOnnx(bytes, file, external).then((model) => ({ ...model, bytes, external }));
};

/** Half of the links are damaged as text, half in their content. */
function link(random: Random): Input {
  if (random.chance(0.5))
    return [
      ['link.txt', damagedBytes(random, new TextEncoder().encode(random.pick(sources.links)))],
    ];
  const packed = deflateRawSync(damagedJson(random, random.pick(sources.linkContents)));
  const version = random.chance(0.05) ? random.pick(['0', '1', '99999999999', '']) : LINK_VERSION;
  return [['link.txt', new TextEncoder().encode(`#x=${version}.${packed.toString('base64url')}`)]];
}

/** Values that PEFT itself may write, for every setting that the reader uses. */
const SETTINGS: Readonly<Record<string, readonly unknown[]>> = {
  lora_alpha: [0, 1, 3, 0.5, 64, -2],
  use_rslora: [true, false, null],
  lora_dropout: [0, 0.5],
  bias: ['none', 'all'],
  init_lora_weights: [true, false, 'gaussian', 'pissa'],
  inference_mode: [true, false],
  peft_type: ['LORA', 'IA3'],
  use_dora: [false, true],
  layers_to_transform: [null, 0, [0], [0, 1]],
  layers_pattern: [null, 'layers', ['layers']],
  exclude_modules: [null, 'nothing', []],
  alpha_pattern: [
    {},
    { q_proj: 7 },
    { 'layers.0.self_attn.q_proj': 1 },
    { '.*down_proj': 2 },
    { '^model\\.layers\\.1.*': 5 },
  ],
  rank_pattern: [{}, { q_proj: 1 }],
  modules_to_save: [null, ['lm_head']],
  task_type: [null, 'CAUSAL_LM'],
};

function peft(random: Random): { config: Uint8Array; weights: Uint8Array } {
  if (random.chance(0.4)) {
    const config = { ...(random.pick(sources.peftConfigs) as object) };
    for (let n = random.few(); n > 0; n--) {
      const field = random.pick(Object.keys(SETTINGS));
      Object.assign(config, { [field]: random.pick(defined(SETTINGS[field])) });
    }
    return {
      config: new TextEncoder().encode(JSON.stringify(config)),
      weights: otherNumbers(random, sources.peftWeights),
    };
  }
  const what = random.below(3);
  const config = random.pick(sources.peftConfigs);
  return {
    config:
      what === 0 ? new TextEncoder().encode(JSON.stringify(config)) : damagedJson(random, config),
    weights: what === 1 ? sources.peftWeights : damagedSafetensors(random, sources.peftWeights),
  };
}

const first = (input: Input): Uint8Array => elementAt(input, 0)[1];

export const kinds: Readonly<Record<string, Kind>> = {
  onnx: {
    share: 60,
    make: (random) => onnx(random, random.chance(0.6) ? tiny.slice(0, MADE) : tiny),
    read: readExport,
    open: (model: Awaited<ReturnType<typeof readExport>>) => judgeModel(model),
  },
  'onnx-large': { share: 2, make: (random) => onnx(random, large), read: readExport },
  safetensors: {
    share: 150,
    make: (random) => [['x.safetensors', damagedSafetensors(random, sources.peftWeights)]],
    read: (input) => read.readTensors(first(input)),
  },
  tokenizer: {
    share: 80,
    make: (random) => only(random, 'tokenizer.json', sources.tokenizers),
    read: (input) => read.readTokenizer(first(input)),
  },
  config: {
    share: 120,
    make: (random) => only(random, 'config.json', sources.configs),
    read: (input) => read.readModelConfig(first(input)),
  },
  link: {
    share: 160,
    make: link,
    read: (input) => read.readLink(new TextDecoder().decode(first(input))),
  },
  spec: {
    share: 120,
    make: (random) => only(random, 'spec.json', sources.specs),
    read: (input) => read.readSpec(first(input)),
  },
  training: {
    share: 60,
    make: (random) => only(random, 'training.json', sources.trainings),
    read: (input) => read.readTraining(first(input)),
  },
  result: {
    share: 60,
    make: (random) => only(random, 'result.json', sources.results),
    read: (input) => read.readResult(first(input)),
  },
  peft: {
    share: 120,
    make: (random) => {
      const { config, weights } = peft(random);
      return [
        ['adapter_config.json', config],
        ['adapter_model.safetensors', weights],
      ];
    },
    read: ([config, weights]) => read.readPeft(defined(config)[1], defined(weights)[1]),
    open: judgeAdapter,
  },
  zip: {
    share: 28,
    make: (random) => {
      const { config, weights } = peft(random);
      return [['adapter.zip', damagedZip(random, config, weights)]];
    },
    read: (input) => read.readZip(first(input)),
    open: judgeAdapter,
  },
  checkpoint: {
    share: 40,
    make: (random) => [['x.checkpoint', damagedSafetensors(random, sources.checkpoint)]],
    read: (input) => read.readCheckpointFile(first(input)),
  },
};
