/**
 * Runs any study on the command line: progress on stderr, findings on stdout. `--out` writes the
 * result, `--out-model` the changed model.
 */
import { defined } from '../src/checked.ts';
import { describeBytes } from '../src/model/figures.ts';
import type { CheckpointPort } from '../src/studies/checkpoint.ts';
import type { StudyContext } from '../src/studies/context.ts';
import type { StudyEvent, StudyState, StudyOutput } from '../src/studies/contract.ts';
import type { DerivedBase } from '../src/studies/derived-base.ts';
import { pulled } from '../src/studies/pulled.ts';
import { manifestOf } from '../src/studies/manifest-of.ts';
import { studyOf, type StudyKind, type StudyStates } from '../src/studies/registry.ts';
import type { ExperimentSpec } from '../src/studies/spec.ts';
import type { CheckpointWriter } from './checkpoints.ts';
import { writeModelFolder } from './model-folder.ts';
import type { Options } from './options.ts';
import { writeBytes } from './output.ts';
import { clearLine, line } from './progress.ts';
import { steps } from './stopping.ts';
import { openStudy, type OpenStudy } from './study.ts';
import { plain } from './terminal.ts';

/** What a command does differently from `run`. */
export interface Otherwise<K extends StudyKind> {
  /** Where checkpoints are saved, and the state to resume from. */
  checkpoint?(opened: OpenStudy): Promise<Pick<Studied<K>, 'writer' | 'from'>>;
  /** Receives every event before it is printed. */
  onEvent?(state: StudyStates[K], event: StudyEvent): void;
  /** Writes the result instead of the default output. */
  write?(state: StudyStates[K], opened: OpenStudy): Promise<void>;
}

/** Runs a study and prints its findings. Returns the final state. */
export async function runStudy<K extends StudyKind>(
  name: K,
  spec: ExperimentSpec,
  options: Options,
  otherwise: Otherwise<K> = {},
): Promise<StudyStates[K]> {
  const report = await manifestOf(name).report();
  const opened = await openStudy(spec, options);
  let derived: DerivedBase | null = null;
  const printer = new StudyPrinter();
  let state: StudyStates[K];
  try {
    const { writer, from = writer.from } = (await otherwise.checkpoint?.(opened)) ?? {
      writer: await opened.checkpointWriter<unknown>(name),
    };
    const context: StudyContext = {
      ...opened.context,
      importances: await importancesFor(name, opened, from),
      saveBase: (base) => {
        derived = base;
      },
    };
    state = await studied({ name, context, writer, from }, (now, event) => {
      otherwise.onEvent?.(now, event);
      printer.print(report.output(now, event));
    });
  } finally {
    printer.end();
    await opened.dispose();
  }
  const { out, 'out-model': folder } = options;
  try {
    if (otherwise.write) await otherwise.write(state, opened);
    else if (out !== undefined)
      await writeBytes(
        out,
        report.file?.(state) ?? `${JSON.stringify(defined(state.result), null, 1)}\n`,
      );
    if (folder !== undefined) await save(folder, { name, state, derived }, opened);
  } finally {
    // The findings are printed even if writing the file fails.
    const text = report.text(state);
    if (text !== '') console.log(text);
  }
  return state;
}

/** An open study. */
export interface Studied<K extends StudyKind> {
  name: K;
  context: StudyContext;
  writer: CheckpointWriter;
  /** The checkpoint to resume from. Default: `writer.from`. */
  from?: unknown;
}

/**
 * Runs a study to its end, or until `onEvent` returns true, and returns its last state. Resumes
 * from the checkpoint if there is one. Throws the errors of the study.
 */
export async function studied<K extends StudyKind>(
  { name, context, writer, from = writer.from }: Studied<K>,
  onEvent: (state: StudyStates[K], event: StudyEvent) => unknown,
): Promise<StudyStates[K]> {
  const checkpoint: CheckpointPort = { from, offer: (take) => writer.offer(take) };
  const events = pulled(await studyOf(name).code(), { ...context, checkpoint });
  let last: StudyState | null = null;
  for await (const { event, state } of steps(events, writer)) {
    last = state;
    if ((await onEvent(state as StudyStates[K], event)) === true) break;
  }
  return defined(last) as StudyStates[K];
}

/**
 * Measures the map that the study's ranks depend on. Returns the given importances if the study
 * needs no map or a checkpoint already contains the ranks.
 */
async function importancesFor(
  name: StudyKind,
  { context, checkpointWriter }: OpenStudy,
  from: unknown,
): Promise<readonly number[] | null> {
  if (from !== undefined || studyOf(name).followsMap?.(context.spec) !== true)
    return context.importances;
  const { result } = await studied(
    { name: 'map', context, writer: await checkpointWriter('map') },
    (_, { type }) => line(`Measuring the ranks, ${type}`),
  );
  return defined(result).modules.map((m) => m.importance);
}

async function save(
  folder: string,
  { name, state, derived }: { name: StudyKind; state: StudyState; derived: DerivedBase | null },
  { model }: OpenStudy,
): Promise<void> {
  const exported = await defined(manifestOf(name).exported)();
  const files = exported(model, state, derived);
  for (const [path, bytes] of await writeModelFolder(folder, files, model.open))
    console.error(`${path}: ${describeBytes(bytes)}`);
}

/** Prints progress on stderr and results on stdout while a study runs. */
export class StudyPrinter {
  /** Whether the last line on stdout is unfinished. */
  private open = false;

  print(output: StudyOutput): void {
    if (output === null) return;
    if ('doing' in output) return line(output.doing);
    if ('note' in output) {
      this.end();
      return console.error(output.note);
    }
    if ('line' in output) {
      this.end();
      return console.log(output.line);
    }
    process.stdout.write(plain(output.write));
    this.open = true;
  }

  /** Ends the progress line and any unfinished line on stdout. */
  end(): void {
    clearLine();
    if (this.open) process.stdout.write('\n');
    this.open = false;
  }
}
