/**
 * Handles Ctrl-C and SIGTERM. A command with checkpoints saves one and stops after its current
 * step. A second signal, or the first if no study is running, stops it at once. Either way it
 * prints how to resume and exits with 130 or 143. See docs/command-line.md.
 */
import { basename } from 'node:path';
import { elementAt } from '../src/checked.ts';
import { AtlasError } from '../src/errors.ts';
import { clearLine, line } from './progress.ts';

const CODES = { SIGINT: 130, SIGTERM: 143 } as const;

type Signal = keyof typeof CODES;

const SIGNALS = Object.keys(CODES) as Signal[];

/** The checkpoints of a running command. */
export interface CommandCheckpoint {
  /** Whether a checkpoint is on disk. */
  readonly onDisk: boolean;
  /** Reports that the command resumes from a checkpoint. */
  reportResume(): void;
  /** Saves a checkpoint. */
  save(): Promise<void>;
  /** Saves a checkpoint if the last one is old enough. */
  between(): Promise<void>;
  /** Removes the checkpoint of a finished command. */
  forget(): Promise<void>;
  /** The option to add to the command line to resume from here. */
  readonly resume?: readonly string[];
}

class Stopped extends Error {
  readonly signal: Signal;
  constructor(signal: Signal) {
    super(signal);
    this.signal = signal;
  }
}

/** The running command. */
interface Running {
  args: readonly string[];
  signal: Signal | null;
  steps: number;
  checkpoints: CommandCheckpoint[];
}

let running: Running | null = null;

/** Registers checkpoints of the running command. They are removed when it finishes. */
export function registerCheckpoint<T extends CommandCheckpoint>(checkpoint: T): T {
  running?.checkpoints.push(checkpoint);
  return checkpoint;
}

/** Runs a command with these signal handlers. Returns its exit code. */
export async function stoppable(
  args: readonly string[],
  command: () => Promise<number>,
): Promise<number> {
  const now: Running = (running = { args, signal: null, steps: 0, checkpoints: [] });
  const on = (signal: Signal) => () => {
    if (now.signal !== null || now.steps === 0) {
      printStopped(now);
      process.exit(CODES[signal]);
    }
    now.signal = signal;
    line('Stopping after this step. A second signal stops at once');
  };
  const listeners = SIGNALS.map((signal) => [signal, on(signal)] as const);
  for (const [signal, listener] of listeners) process.on(signal, listener);
  try {
    const code = await command();
    if (code === 0) for (const checkpoint of now.checkpoints) await checkpoint.forget();
    return code;
  } catch (error) {
    if (!(error instanceof Stopped)) {
      // If only writing a file failed, the computed results are still valid.
      if (
        error instanceof AtlasError &&
        error.code === 'usage' &&
        now.checkpoints.some((k) => k.onDisk)
      )
        console.error('rank-atlas: a checkpoint is saved; the same command resumes from it.');
      throw error;
    }
    printStopped(now);
    return CODES[error.signal];
  } finally {
    for (const [signal, listener] of listeners) process.removeListener(signal, listener);
    running = null;
  }
}

/**
 * Passes the events on, saves checkpoints between them and before the final event, and ends the
 * command between two events if a signal has arrived.
 */
export async function* steps<E, T>(
  events: AsyncGenerator<E, T, undefined>,
  checkpoint: CommandCheckpoint | null,
): AsyncGenerator<E, T, undefined> {
  let finished = false;
  if (running) running.steps++;
  checkpoint?.reportResume();
  try {
    for (;;) {
      const next = await nextOf(events, checkpoint);
      if (next.done) {
        await endIfAsked(finished ? null : checkpoint);
        return next.value;
      }
      // Save before the final event: its consumer disposes the adapters.
      finished = (next.value as { type?: string }).type === 'done';
      if (finished) await checkpoint?.save();
      yield next.value;
      await endIfAsked(finished ? null : checkpoint);
      if (!finished) await checkpoint?.between();
    }
  } finally {
    if (running) running.steps--;
    await events.return(undefined as T);
  }
}

/** A training run that diverges offers its last good step before it fails. */
async function nextOf<E, T>(
  events: AsyncGenerator<E, T, undefined>,
  checkpoint: CommandCheckpoint | null,
): Promise<IteratorResult<E, T>> {
  try {
    return await events.next();
  } catch (error) {
    if (error instanceof AtlasError && error.code === 'diverged') await checkpoint?.save();
    throw error;
  }
}

async function endIfAsked(checkpoint: CommandCheckpoint | null): Promise<void> {
  // Wait one turn of the event loop, so that signals sent during the computation are delivered.
  await new Promise(setImmediate);
  if (!running?.signal) return;
  await checkpoint?.save();
  throw new Stopped(running.signal);
}

function printStopped({ args, checkpoints }: Running): void {
  const onDisk = checkpoints.filter((k) => k.onDisk);
  const resume = onDisk.flatMap((k) => k.resume ?? []);
  clearLine();
  console.error(
    `rank-atlas: stopped. ${onDisk.length > 0 ? `To resume from the checkpoint: ${commandLine(args, resume)}` : 'The same command starts from the beginning.'}`,
  );
}

/** The command line, quoted for a shell. `option` replaces the same option in `args`. */
function commandLine(args: readonly string[], [option, ...value]: readonly string[]): string {
  if (option === undefined) return [...program(), ...args].map(quoted).join(' ');
  const end = args.includes('--') ? args.indexOf('--') : args.length;
  const words = args
    .slice(0, end)
    .filter(
      (word, i) => word !== option && !word.startsWith(`${option}=`) && args[i - 1] !== option,
    );
  return [...program(), ...words, option, ...value, ...args.slice(end)].map(quoted).join(' ');
}

/** The program as the user called it: by npx, by its name or as a script. */
function program(): string[] {
  const script = elementAt(process.argv, 1);
  if (basename(script) !== 'rank-atlas') return [process.argv0, script];
  return /[\\/]node_modules[\\/]\.bin[\\/]/.test(script) ? ['npx', 'rank-atlas'] : ['rank-atlas'];
}

const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
