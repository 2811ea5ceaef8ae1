/** Lists all commands and their options. Both the help text and the checks use this table. */
import { parseArgs } from 'node:util';
import { elementAt } from '../src/checked.ts';
import { AtlasError } from '../src/errors.ts';
import { checkWritable } from './output.ts';

/** Every option and the kind of its value. */
const KINDS = {
  model: 'value',
  text: 'value',
  held: 'value',
  ids: 'value',
  ranks: 'value',
  from: 'value',
  adapter: 'value',
  rank: 'value',
  tokens: 'value',
  temperature: 'value',
  'top-p': 'value',
  seed: 'value',
  bos: 'value',
  set: 'values',
  checkpoint: 'value',
  resume: 'value',
  dump: 'value',
  grad: 'flag',
  out: 'value',
  'out-model': 'value',
  provider: 'value',
  threads: 'value',
  dtype: 'value',
  json: 'flag',
  yes: 'flag',
} as const;

export type OptionName = keyof typeof KINDS;

/** The parsed options. Absent options are undefined. */
export type Options = {
  [K in OptionName]?: (typeof KINDS)[K] extends 'flag'
    ? boolean
    : (typeof KINDS)[K] extends 'values'
      ? string[]
      : string;
};

/** Runs a command on its one positional argument. Returns the exit code. */
export type Command = (argument: string, options: Options) => Promise<number>;

interface Entry {
  /** The name of the positional argument in the help text. */
  argument: string;
  about: string;
  /** The options it uses, each with the description of its value in the help text. */
  uses: Partial<Record<OptionName, string>>;
  /** The options that name an output. A name that ends in .zip is always a file. */
  writes?: Partial<Record<OptionName, 'file' | 'folder'>>;
  load(): Promise<Command>;
}

const MODEL = { model: 'PATH', dtype: 'q4|q4f16|fp16|fp32|…' };
const ENGINE = { provider: 'wasm|webgpu|native[:cuda|dml|coreml]', threads: 'N' };
const SET = { set: 'key.path=value (repeatable)' };
const BOS = { bos: 'tokenizer|none|always (tokens before each text)' };

export const commands = {
  run: {
    argument: 'SPEC.json|LINK|PRESET',
    about: 'run an experiment and print its result',
    uses: {
      ...MODEL,
      text: 'FILE',
      ids: "'[[1,2,3]]' (instead of --text)",
      seed: 'N',
      ...BOS,
      ...SET,
      ...ENGINE,
      out: 'FILE.json',
      'out-model': 'FOLDER (compress, losa)',
      yes: '(allow the model download)',
      adapter:
        'FOLDER|ZIP (race: the start of the entry "imported"; train with train.start=given; samples)',
    },
    writes: { out: 'file', 'out-model': 'folder' },
    load: async () => (await import('./run.ts')).run,
  },
  train: {
    argument: 'SPEC.json|LINK|METHOD',
    about: 'train adapters and evaluate them on held-out text; METHOD: METHODS',
    uses: {
      ...MODEL,
      text: 'FILE',
      held: 'FILE',
      ranks: 'RESULT.json',
      from: 'ADAPTER (to start from)',
      seed: 'N',
      ...BOS,
      ...SET,
      ...ENGINE,
      out: 'FOLDER (PEFT format)',
      rank: 'N (qdylora: the rank to export)',
      yes: '(allow the model download)',
      checkpoint: 'FILE (saved every half minute and when stopped; default: in the cache)',
      resume: 'FILE',
    },
    writes: { out: 'folder', checkpoint: 'file' },
    load: async () => (await import('./train.ts')).train,
  },
  eval: {
    argument: 'ADAPTER',
    about: 'measure the loss on a text with and without a PEFT adapter',
    uses: { ...MODEL, text: 'FILE', ids: "'[[1,2,3]]'", ...BOS, ...SET, ...ENGINE, json: '' },
    load: async () => (await import('./eval.ts')).evaluate,
  },
  experiment: {
    argument: 'allocations|learning-rates|losa',
    about:
      'repeat the measurements of a page in docs/experiments: allocations on two texts with five seeds; the same at five learning rates; LoSA against masked LoRA',
    uses: { dtype: MODEL.dtype, ...SET, ...ENGINE, out: 'FOLDER' },
    writes: { out: 'folder' },
    load: async () => (await import('./experiment.ts')).experiment,
  },
  generate: {
    argument: 'PROMPT',
    about: 'continue a text, with or without a PEFT adapter',
    uses: {
      ...MODEL,
      adapter: 'FOLDER|ZIP',
      rank: 'N (of an adapter trained for every rank)',
      tokens: 'N',
      temperature: 'T',
      'top-p': 'P',
      seed: 'N',
      ...BOS,
      ...ENGINE,
    },
    load: async () => (await import('./generate.ts')).generate,
  },
  export: {
    argument: 'ADAPTER|RESULT.json',
    about: 'write an adapter as a PEFT folder or zip, or merge it into the model',
    uses: { ...MODEL, out: 'FOLDER|FILE.zip', 'out-model': 'FOLDER (merged)', json: '' },
    writes: { out: 'folder', 'out-model': 'folder' },
    load: async () => (await import('./export.ts')).exportAdapter,
  },
  import: {
    argument: 'ADAPTER',
    about: 'list the modules, ranks, scales and parameters of a PEFT adapter',
    uses: { ...MODEL, out: 'RANKS.json (for train --ranks)', json: '' },
    writes: { out: 'file' },
    load: async () => (await import('./import.ts')).importAdapter,
  },
  inspect: {
    argument: 'MODEL',
    about: 'list the format and modules of a model without running it',
    uses: { dtype: MODEL.dtype, json: '' },
    load: async () => (await import('./inspect.ts')).inspect,
  },
  check: {
    argument: 'MODEL',
    about: 'compare the compiled model with the original export',
    uses: {
      dtype: MODEL.dtype,
      ids: "'[[1,2,3]]'",
      dump: 'OUT.safetensors',
      grad: '(with --dump)',
      ...ENGINE,
      json: '',
    },
    writes: { dump: 'file' },
    load: async () => (await import('./check.ts')).check,
  },
} satisfies Record<string, Entry>;

export type CommandName = keyof typeof commands;

export const isCommand = (name: string): name is CommandName => Object.hasOwn(commands, name);

/** The help text: a line for every command, and the options of every command. */
export function usage(): { commands: string; options: string } {
  const all = Object.entries(commands) as [CommandName, Entry][];
  const heads = all.map(([name, { argument }]) => `  rank-atlas ${name} ${argument}`);
  const width = Math.max(...heads.map((h) => h.length)) + 2;
  return {
    commands: all
      .map(([, { about }], i) => `${elementAt(heads, i).padEnd(width)}${about}`)
      .join('\n'),
    options: all
      .map(([name, { uses }]) =>
        wrapped(
          name.padEnd(11),
          Object.entries(uses).map(([option, words]) => `--${option} ${words}`.trimEnd()),
        ),
      )
      .join('\n'),
  };
}

/**
 * Puts options three spaces apart on lines of at most 110 characters. The first line starts with
 * `name`.
 */
function wrapped(name: string, options: readonly string[]): string {
  const width = 110 - name.length;
  const lines: string[] = [];
  for (const option of options) {
    const last = lines.at(-1);
    const longer = `${last}   ${option}`;
    if (last !== undefined && longer.length <= width) lines[lines.length - 1] = longer;
    else lines.push(option);
  }
  return lines.map((line, i) => (i === 0 ? name : ' '.repeat(name.length)) + line).join('\n');
}

/** Parses the words after a command. Throws `usage`, also if an option is unused or repeated. */
export function parse(
  name: CommandName,
  args: readonly string[],
): { argument: string; options: Options } {
  const { uses } = commands[name] as Entry;
  const { values, positionals, tokens } = parsed(args);
  const given = tokens.flatMap((t) => (t.kind === 'option' ? [t.name as OptionName] : []));
  for (const [i, option] of given.entries()) {
    if (uses[option] === undefined)
      throw new AtlasError('usage', { why: `"${name}" does not use --${option}` });
    if (KINDS[option] !== 'values' && given.indexOf(option) < i)
      throw new AtlasError('usage', { why: `--${option} is given twice` });
  }
  if (positionals.length !== 1)
    throw new AtlasError('usage', {
      why: `"${name}" takes one argument, but ${positionals.length} were given`,
    });
  return { argument: elementAt(positionals, 0), options: values as Options };
}

function parsed(args: readonly string[]) {
  const options = Object.fromEntries(
    Object.entries(KINDS).map(([name, kind]) => [
      name,
      { type: kind === 'flag' ? 'boolean' : 'string', multiple: kind === 'values' } as const,
    ]),
  );
  try {
    return parseArgs({
      args: [...args],
      options,
      allowPositionals: true,
      strict: true,
      tokens: true,
    });
  } catch (error) {
    throw new AtlasError('usage', {
      why: elementAt((error as Error).message.split(/\.?\n|\. /), 0).slice(0, 200),
    });
  }
}

/**
 * Checks that all outputs of a command can be written before it starts long computations. Throws
 * `usage`.
 */
export async function checkOutputs(name: CommandName, options: Options): Promise<void> {
  for (const [option, kind] of Object.entries((commands[name] as Entry).writes ?? {})) {
    const path = options[option as OptionName] as string | undefined;
    if (path !== undefined) await checkWritable(path, /\.zip$/i.test(path) ? 'file' : kind);
  }
}

/** Refuses options that the command has but that this use of it ignores. Throws `usage`. */
export function refuseUnused(options: Options, unused: readonly OptionName[], what: string): void {
  const given = unused.find((name) => options[name] !== undefined);
  if (given !== undefined)
    throw new AtlasError('usage', { why: `${what} does not use --${given}` });
}
