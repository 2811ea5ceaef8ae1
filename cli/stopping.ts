/**
 * Ctrl-C and SIGTERM. A command that keeps checkpoints ends between two steps and keeps where it
 * stands; the second signal, and the first where there is nothing to wait for, ends it at once.
 * Either way it says how to go on, and exits as the shell expects (130, 143).
 */
import { basename } from 'node:path';
import { elementAt } from '../src/checked.ts';
import { AtlasError } from '../src/errors.ts';
import { clearLine, line } from './progress.ts';

const CODES = { SIGINT: 130, SIGTERM: 143 } as const;

type Signal = keyof typeof CODES;

const SIGNALS = Object.keys(CODES) as Signal[];

/** What is kept of a command under way. */
export interface Keeping {
  /** Whether a checkpoint lies on the disk. */
  readonly kept: boolean;
  /** What an earlier run left is taken up: says so. */
  taken(): void;
  /** Saves where the command stands now. */
  save(): Promise<void>;
  /** From time to time: the same. */
  between(): Promise<void>;
  /** The command is through. */
  forget(): Promise<void>;
  /** What is added to the command so that it goes on from here. */
  readonly resume?: readonly string[];
}

class Stopped extends Error {
  readonly signal: Signal;
  constructor(signal: Signal) {
    super(signal);
    this.signal = signal;
  }
}

/** The command under way. */
interface Running {
  args: readonly string[];
  signal: Signal | null;
  steps: number;
  keeping: Keeping[];
}

let running: Running | null = null;

/** Registers what a command keeps: once it is through, all of it is forgotten. */
export function keeps<T extends Keeping>(keeping: T): T {
  running?.keeping.push(keeping);
  return keeping;
}

/** Runs a command under these signals; its exit code. */
export async function stoppable(
  args: readonly string[],
  command: () => Promise<number>,
): Promise<number> {
  const now: Running = (running = { args, signal: null, steps: 0, keeping: [] });
  const on = (signal: Signal) => () => {
    if (now.signal !== null || now.steps === 0) {
      say(now);
      process.exit(CODES[signal]);
    }
    now.signal = signal;
    line('Stopping after this step; once more ends it at once');
  };
  const listeners = SIGNALS.map((signal) => [signal, on(signal)] as const);
  for (const [signal, listener] of listeners) process.on(signal, listener);
  try {
    const code = await command();
    if (code === 0) for (const keeping of now.keeping) await keeping.forget();
    return code;
  } catch (error) {
    if (!(error instanceof Stopped)) {
      // Nothing is wrong with what was computed where only a file could not be written.
      if (error instanceof AtlasError && error.code === 'usage' && now.keeping.some((k) => k.kept))
        console.error(
          'rank-atlas: what was computed is kept; the same command goes on from there.',
        );
      throw error;
    }
    say(now);
    return CODES[error.signal];
  } finally {
    for (const [signal, listener] of listeners) process.removeListener(signal, listener);
    running = null;
  }
}

/**
 * The same events, kept from time to time, and before the last one is told; between two of them a
 * signal ends the command.
 */
export async function* steps<E, T>(
  events: AsyncGenerator<E, T, undefined>,
  keeping: Keeping | null,
): AsyncGenerator<E, T, undefined> {
  let through = false;
  if (running) running.steps++;
  keeping?.taken();
  try {
    for (;;) {
      const next = await nextOf(events, keeping);
      if (next.done) {
        await endIfAsked(through ? null : keeping);
        return next.value;
      }
      // What is told last is told of adapters that are gone afterwards.
      through = (next.value as { type?: string }).type === 'done';
      if (through) await keeping?.save();
      yield next.value;
      await endIfAsked(through ? null : keeping);
      if (!through) await keeping?.between();
    }
  } finally {
    if (running) running.steps--;
    await events.return(undefined as T);
  }
}

/** A training that diverged offers its last good step before it fails. */
async function nextOf<E, T>(
  events: AsyncGenerator<E, T, undefined>,
  keeping: Keeping | null,
): Promise<IteratorResult<E, T>> {
  try {
    return await events.next();
  } catch (error) {
    if (error instanceof AtlasError && error.code === 'diverged') await keeping?.save();
    throw error;
  }
}

async function endIfAsked(keeping: Keeping | null): Promise<void> {
  // A turn of the event loop, so that signals which came during the computation are seen.
  await new Promise(setImmediate);
  if (!running?.signal) return;
  await keeping?.save();
  throw new Stopped(running.signal);
}

function say({ args, keeping }: Running): void {
  const kept = keeping.filter((k) => k.kept);
  const resume = kept.flatMap((k) => k.resume ?? []);
  clearLine();
  console.error(
    `rank-atlas: stopped; ${kept.length > 0 ? `what was computed is kept, and this goes on from there: ${commandLine(args, resume)}` : 'the same command begins where this one did.'}`,
  );
}

/**
 * The command as a shell takes it, whatever is in its words, with an option in place of the same
 * one.
 */
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

/** As it was called: by npx, by its name, or as a script. */
function program(): string[] {
  const script = elementAt(process.argv, 1);
  if (basename(script) !== 'rank-atlas') return [process.argv0, script];
  return /[\\/]node_modules[\\/]\.bin[\\/]/.test(script) ? ['npx', 'rank-atlas'] : ['rank-atlas'];
}

const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
