/**
 * The samples study on the command line: the model's text as it is written on stdout (no adapters
 * are kept here: see `generate`), the result with `--out`.
 */
import { defined } from '../src/checked.ts';
import { runSamples } from '../src/studies/samples/run.ts';
import { reduceSamples, type SamplesState } from '../src/studies/samples/state.ts';
import { writeBytes } from './output.ts';
import { openStudy, type StudyCommand } from './study.ts';
import { plain } from './terminal.ts';

export const samples: StudyCommand = async (spec, options) => {
  const { context, dispose } = await openStudy(spec, options);
  let state: SamplesState | null = null;
  try {
    process.stdout.write(plain(spec.samples.prompt));
    for await (const event of runSamples(context)) {
      state = reduceSamples(state, event);
      if (event.type === 'token') process.stdout.write(plain(event.text));
    }
    process.stdout.write('\n');
  } finally {
    await dispose();
  }
  const result = defined(defined(state).result);
  if (result.losses.base)
    console.error(
      `${result.texts.base.length} tokens; ${result.losses.base.own.toFixed(4)} nats per token`,
    );
  if (options.out !== undefined)
    await writeBytes(options.out, `${JSON.stringify(result, null, 1)}\n`);
  return 0;
};
