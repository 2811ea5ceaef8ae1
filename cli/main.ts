/**
 * The command line: which command, its options, and what a failure looks like.
 *
 * Exit codes: 0 done, 1 a check out of tolerance or an unexpected failure, 2 bad input or usage.
 */
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { AtlasError } from '../src/errors.ts';
import packageJson from '../package.json' with { type: 'json' };

const help = `rank-atlas ${packageJson.version}: where in a quantised language model an adapter's rank belongs.

  rank-atlas run SPEC.json|LINK|PRESET [options]   measure, allocate, print the ranks
  rank-atlas train SPEC.json|METHOD [options]      train adapters, judge them on held-out text; METHOD: METHODS
  rank-atlas eval ADAPTER [options]                what a PEFT adapter does to the loss on a text
  rank-atlas experiment allocations [options]      race allocations over two texts and five seeds, write docs/experiments/allocations.md
  rank-atlas experiment learning-rates [options]   the same at five learning rates, write docs/experiments/learning-rates.md; goes on where it was cut
  rank-atlas experiment losa [options]             LoSA against masked LoRA at 50 and 70 % zeros, three seeds, write docs/experiments/losa.md
  rank-atlas generate PROMPT [options]             continue a text, through a PEFT adapter if one is given
  rank-atlas export ADAPTER|RESULT.json [options]  an adapter as PEFT's folder or zip, or merged into the model
  rank-atlas import ADAPTER [options]              what a PEFT adapter is made of: modules, ranks, scales, parameters
  rank-atlas inspect MODEL [--json]                what a model is made of, without running it
  rank-atlas check MODEL [options]                 the cut pipeline against the untouched export

MODEL is a folder laid out like a hub repository, one .onnx file, a hub id (owner/name, owner/name@revision:onnx/FILE.onnx)
or the address of an .onnx file; what is fetched is kept in ~/.cache/rank-atlas. HF_ENDPOINT names another hub, HF_TOKEN
opens what needs an account. Without --model, run uses the bundled model.

run       --model PATH   --text FILE | --ids '[[1,2,3]]'   --seed N   --set key.path=value (repeatable)
          --provider wasm|webgpu   --threads N   --out FILE.json   --out-model FOLDER (compress, losa)
          --adapter FOLDER|ZIP (race: the entry "imported" trains on from it)
train     --model PATH   --text FILE --held FILE   --ranks RESULT.json   --from ADAPTER (to go on from)
          --seed N   --set key.path=value   --provider wasm|webgpu   --threads N   --out FOLDER (PEFT's format)
          --rank N (qdylora: the rank written)
          --checkpoint FILE (written every half minute and at Ctrl-C)   --resume FILE
eval      --model PATH   --text FILE   --set key.path=value   --json
experiment --set key.path=value   --provider wasm|webgpu   --threads N   --out FOLDER
generate  --adapter FOLDER|ZIP   --rank N (of an adapter good at every rank)   --tokens N   --temperature T   --top-p P
          --seed N   --model PATH   --provider wasm|webgpu   --threads N
export    --out FOLDER|FILE.zip   --out-model FOLDER (merged)   --model PATH   --json
import    --out RANKS.json (for train --ranks)   --model PATH   --json
inspect   --json
check     --ids '[[1,2,3]]'   --dump OUT.safetensors [--grad]   --json   --provider wasm|webgpu   --threads N
run, train, eval, generate: --bos tokenizer|none|always (what stands before each text)
all       --dtype q4|q4f16|fp16|fp32|…   --help   --version

Presets: PRESETS`;

const common = {
  dtype: { type: 'string' },
  provider: { type: 'string', default: 'wasm' },
  threads: { type: 'string' },
  json: { type: 'boolean', default: false },
  ids: { type: 'string' },
} satisfies ParseArgsConfig['options'];

const commands = {
  run: {
    options: {
      ...common,
      model: { type: 'string' },
      text: { type: 'string' },
      seed: { type: 'string' },
      bos: { type: 'string' },
      set: { type: 'string', multiple: true, default: [] as string[] },
      out: { type: 'string' },
      'out-model': { type: 'string' },
      adapter: { type: 'string' },
    },
    load: async () => (await import('./run.ts')).run,
  },
  train: {
    options: {
      ...common,
      model: { type: 'string' },
      text: { type: 'string' },
      held: { type: 'string' },
      ranks: { type: 'string' },
      from: { type: 'string' },
      rank: { type: 'string' },
      checkpoint: { type: 'string' },
      resume: { type: 'string' },
      seed: { type: 'string' },
      bos: { type: 'string' },
      set: { type: 'string', multiple: true, default: [] as string[] },
      out: { type: 'string' },
    },
    load: async () => (await import('./train.ts')).train,
  },
  eval: {
    options: { ...common, model: { type: 'string' }, text: { type: 'string' }, bos: { type: 'string' }, set: { type: 'string', multiple: true, default: [] as string[] } },
    load: async () => (await import('./eval.ts')).evaluate,
  },
  experiment: {
    options: { ...common, set: { type: 'string', multiple: true, default: [] as string[] }, out: { type: 'string' } },
    load: async () => (await import('./experiment.ts')).experiment,
  },
  generate: {
    options: {
      ...common,
      model: { type: 'string' },
      adapter: { type: 'string' },
      rank: { type: 'string' },
      tokens: { type: 'string' },
      temperature: { type: 'string' },
      'top-p': { type: 'string' },
      seed: { type: 'string' },
      bos: { type: 'string' },
    },
    load: async () => (await import('./generate.ts')).generate,
  },
  export: { options: { ...common, model: { type: 'string' }, out: { type: 'string' }, 'out-model': { type: 'string' } }, load: async () => (await import('./export.ts')).exportAdapter },
  import: { options: { ...common, model: { type: 'string' }, out: { type: 'string' } }, load: async () => (await import('./import.ts')).importAdapter },
  inspect: { options: common, load: async () => (await import('./inspect.ts')).inspect },
  check: {
    options: { ...common, dump: { type: 'string' }, grad: { type: 'boolean', default: false } },
    load: async () => (await import('./check.ts')).check,
  },
} satisfies Record<string, { options: ParseArgsConfig['options']; load: () => Promise<Command> }>;

/** Options as parsed; every command reads those it knows. */
export interface Options {
  dtype?: string;
  provider?: string;
  threads?: string;
  json?: boolean;
  ids?: string;
  model?: string;
  text?: string;
  seed?: string;
  bos?: string;
  set?: string[];
  out?: string;
  dump?: string;
  grad?: boolean;
  held?: string;
  ranks?: string;
  from?: string;
  rank?: string;
  checkpoint?: string;
  resume?: string;
  'out-model'?: string;
  adapter?: string;
  tokens?: string;
  temperature?: string;
  'top-p'?: string;
}

/** Runs a command on its one positional argument; returns the exit code. */
export type Command = (argument: string, options: Options) => Promise<number>;

/** Entry point. `args` are the words after the program's name; returns the exit code. */
export async function main(args: string[]): Promise<number> {
  try {
    return await dispatch(args);
  } catch (error) {
    if (error instanceof AtlasError) {
      console.error(`rank-atlas: ${error.message}`);
      return 2;
    }
    console.error('rank-atlas: an unexpected failure; please report it with the text below.');
    console.error(error);
    return 1;
  }
}

async function dispatch([name, ...rest]: string[]): Promise<number> {
  if (name === undefined || name === '--help' || name === '-h' || rest.includes('--help')) {
    const { presets } = await import('../src/experiment/schema.ts'), { trainingPresets } = await import('../src/experiment/training-spec.ts');
    console.log(help.replace('PRESETS', Object.keys(presets).join(', ')).replace('METHODS', Object.keys(trainingPresets).join(', ')));
    return name === undefined ? 2 : 0;
  }
  if (name === '--version') {
    console.log(packageJson.version);
    return 0;
  }
  if (!Object.hasOwn(commands, name)) throw new AtlasError('usage', { why: `"${name.slice(0, 40)}" is not a command` });
  const { options, load } = commands[name as keyof typeof commands];
  const { values, positionals } = parse(rest, options);
  if (positionals.length !== 1) {
    throw new AtlasError('usage', { why: `"${name}" takes one argument, ${positionals.length} were given` });
  }
  const command = await load();
  return command(positionals[0]!, values as Options);
}

function parse(args: string[], options: NonNullable<ParseArgsConfig['options']>) {
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new AtlasError('usage', { why: (error as Error).message.split(/\.?\n|\. /)[0]! });
  }
}
