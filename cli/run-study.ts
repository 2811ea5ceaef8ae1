/**
 * Runs any study on the command line: progress on stderr, findings on stdout. `--out` writes the
 * result, `--out-model` the changed model.
 */
import { defined } from '../src/checked.ts';
import { describeBytes } from '../src/model/figures.ts';
import type { CheckpointDoor } from '../src/studies/checkpoint.ts';
import type { StudyContext } from '../src/studies/context.ts';
import type { StudyEvent, StudyState, Told } from '../src/studies/contract.ts';
import type { MadeBase } from '../src/studies/made-base.ts';
import { pulled } from '../src/studies/pulled.ts';
import { studyOf, type StudyKind, type StudyStates } from '../src/studies/registry.ts';
import type { ExperimentSpec } from '../src/studies/spec.ts';
import type { Keeper } from './checkpoints.ts';
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
  keeper?(opened: OpenStudy): Promise<Pick<Studied<K>, 'keeper' | 'from'>>;
  /** Receives every event before it is printed. */
  told?(state: StudyStates[K], event: StudyEvent): void;
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
  const study = studyOf(name);
  const report = await study.report();
  const opened = await openStudy(spec, options);
  let made: MadeBase | null = null;
  const written = new Written();
  let state: StudyStates[K];
  try {
    const { keeper, from = keeper.from } = (await otherwise.keeper?.(opened)) ?? {
      keeper: await opened.keeper<unknown>(name),
    };
    const context: StudyContext = {
      ...opened.context,
      importances: await importancesFor(name, opened, from),
      saveBase: (base) => {
        made = base;
      },
    };
    state = await studied({ name, context, keeper, from }, (now, event) => {
      otherwise.told?.(now, event);
      written.tell(report.told(now, event));
    });
  } finally {
    written.end();
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
    if (folder !== undefined) await save(folder, { name, state, made }, opened);
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
  keeper: Keeper;
  /** The checkpoint to resume from. Default: `keeper.from`. */
  from?: unknown;
}

/**
 * Runs a study to its end, or until `told` returns true, and returns its last state. Resumes from
 * the checkpoint if there is one. Throws the errors of the study.
 */
export async function studied<K extends StudyKind>(
  { name, context, keeper, from = keeper.from }: Studied<K>,
  told: (state: StudyStates[K], event: StudyEvent) => unknown,
): Promise<StudyStates[K]> {
  const checkpoint: CheckpointDoor = { from, offer: (take) => keeper.offer(take) };
  const events = pulled(await studyOf(name).code(), { ...context, checkpoint });
  let last: StudyState | null = null;
  for await (const { event, state } of steps(events, keeper)) {
    last = state;
    if ((await told(state as StudyStates[K], event)) === true) break;
  }
  return defined(last) as StudyStates[K];
}

/**
 * Measures the map that the study's ranks depend on. Returns the given importances if the study
 * needs no map or a checkpoint already contains the ranks.
 */
async function importancesFor(
  name: StudyKind,
  { context, keeper }: OpenStudy,
  from: unknown,
): Promise<readonly number[] | null> {
  if (from !== undefined || studyOf(name).followsMap?.(context.spec) !== true)
    return context.importances;
  const { result } = await studied(
    { name: 'map', context, keeper: await keeper('map') },
    (_, { type }) => line(`Measuring the ranks, ${type}`),
  );
  return defined(result).modules.map((m) => m.importance);
}

async function save(
  folder: string,
  { name, state, made }: { name: StudyKind; state: StudyState; made: MadeBase | null },
  { model }: OpenStudy,
): Promise<void> {
  const exported = await defined(studyOf(name).exported)();
  const files = exported(model, state, made);
  for (const [path, bytes] of await writeModelFolder(folder, files, model.open))
    console.error(`${path}: ${describeBytes(bytes)}`);
}

/** Prints progress on stderr and results on stdout while a study runs. */
export class Written {
  /** Whether the last line on stdout is unfinished. */
  private open = false;

  tell(told: Told): void {
    if (told === null) return;
    if ('doing' in told) return line(told.doing);
    if ('note' in told) {
      this.end();
      return console.error(told.note);
    }
    if ('line' in told) {
      this.end();
      return console.log(told.line);
    }
    process.stdout.write(plain(told.write));
    this.open = true;
  }

  /** Ends the progress line and any unfinished line on stdout. */
  end(): void {
    clearLine();
    if (this.open) process.stdout.write('\n');
    this.open = false;
  }
}
