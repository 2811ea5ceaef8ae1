/**
 * The entry point of the command line: chooses the command, parses its options and prints errors.
 *
 * Exit codes: 0 done, 1 a check out of tolerance or an unexpected failure, 2 invalid input or
 * usage, 130 and 143 stopped by Ctrl-C or SIGTERM.
 */
import { defined } from '../src/checked.ts';
import { AtlasError } from '../src/errors.ts';
import packageJson from '../package.json' with { type: 'json' };
import { checkOutputs, commands, isCommand, parse, usage } from './options.ts';
import { stoppable } from './stopping.ts';
import { plainConsole } from './terminal.ts';

const help =
  () => `rank-atlas ${packageJson.version}: where in a quantised language model an adapter's rank belongs.

${usage().commands}

MODEL is a folder with the layout of a hub repository, an .onnx file, a hub id (owner/name,
owner/name@revision:PATH.onnx) or the address of an .onnx file. If a model has several graphs, name one by its path.
Without --model, the bundled model is used. Downloads are cached in ~/.cache/rank-atlas. HF_ENDPOINT sets another hub,
HF_TOKEN gives access to models that need an account.

${usage().options}
all        --help   --version

Output files are complete or absent: a command replaces an existing file only when the new one is complete. On Ctrl-C
or SIGTERM, run, train and experiment save a checkpoint and print the command that resumes from it.

Presets: PRESETS`;

/** `args` are the words after the program's name. Returns the exit code. */
export async function main(args: string[]): Promise<number> {
  const restore = plainConsole();
  try {
    return await dispatch(args);
  } catch (error) {
    if (error instanceof AtlasError) {
      console.error(`rank-atlas: ${error.message}`);
      return 2;
    }
    // An error without a message of its own is a defect of the program.
    console.error(
      `rank-atlas: unexpected failure (${defined(
        String((error as Error | undefined)?.message ?? error).split('\n')[0],
      ).slice(0, 300)}). Report it, with the command.`,
    );
    return 1;
  } finally {
    restore();
  }
}

async function dispatch(args: string[]): Promise<number> {
  const [name, ...rest] = args;
  const words = rest.includes('--') ? rest.slice(0, rest.indexOf('--')) : rest;
  if (name === undefined || name === '--help' || name === '-h' || words.includes('--help')) {
    const { presets } = await import('../src/experiment/schema.ts');
    const { trainPresets } = await import('../src/studies/train/presets.ts');
    console.log(
      help()
        .replace('PRESETS', [...presets.keys()].join(', '))
        .replace('METHODS', Object.keys(trainPresets).join(', ')),
    );
    return name === undefined ? 2 : 0;
  }
  if (name === '--version' || words.includes('--version')) {
    console.log(packageJson.version);
    return 0;
  }
  if (!isCommand(name))
    throw new AtlasError('usage', { why: `"${name.slice(0, 40)}" is not a command` });
  const { argument, options } = parse(name, rest);
  return stoppable(args, async () => {
    await checkOutputs(name, options);
    const command = await commands[name].load();
    return command(argument, options);
  });
}
