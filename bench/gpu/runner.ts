/**
 * Runs stages in sequence, each in a separate process with a time limit. The caller is notified
 * before and after each stage, so an interrupted run has saved its figures. A stage that fails or
 * hangs does not affect the others.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { SWIFTSHADER } from '../../src/device/test-gpu.ts';
import type { StandIn } from './stages.ts';

export interface Stage {
  name: string;
  /** A TypeScript file, run with `args`. */
  script: string;
  args: readonly string[];
  /** Time limit in seconds. */
  seconds: number;
}

export interface Outcome {
  name: string;
  command: string;
  ended: 'done' | 'failed' | 'out of time' | 'stopped';
  /** The reason, if it did not end as `done`. */
  why: string | null;
  /** Exit code. Null if the process was killed. */
  code: number | null;
  seconds: number;
  /** The last lines it printed. */
  said: string[];
  /** What it wrote with `writeResult`, by name. */
  figures: Record<string, unknown>;
}

export interface Run {
  standIn: StandIn | null;
  /**
   * Deadline of the run, in the units of `Date.now()`. Stages that cannot start before it are
   * omitted.
   */
  until: number;
  /** Ends the current stage and the run. */
  stop: AbortSignal;
  /**
   * Called before each stage with its name, and after the last with null, with all completed
   * stages.
   */
  onProgress(outcomes: readonly Outcome[], next: string | null): Promise<void>;
}

/**
 * Milliseconds that a process may continue after it has written its figures. In Node a process that
 * has used Dawn may take minutes to exit (docs/benchmarks.md), and a rented GPU has a time limit.
 */
const GRACE = 5000;
const LINES = 40;
/** Do not start a stage with fewer seconds left. */
const MIN_SECONDS = 5;

export async function runStages(stages: readonly Stage[], run: Run): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const stage of stages) {
    const left = (run.until - Date.now()) / 1000;
    if (run.stop.aborted || left < MIN_SECONDS) break;
    await run.onProgress(outcomes, stage.name);
    outcomes.push(await ended({ ...stage, seconds: Math.min(stage.seconds, left) }, run));
  }
  await run.onProgress(outcomes, null);
  return outcomes;
}

/**
 * Node flags and environment that select the adapter of a stage's process. Nothing is timed on a
 * stand-in, so the runtime's code need not be optimised.
 */
const OPTIONS: Record<StandIn, { flags: string[]; env: Record<string, string> }> = {
  software: { flags: ['--liftoff-only'], env: { VK_ICD_FILENAMES: SWIFTSHADER } },
  null: {
    flags: [
      '--liftoff-only',
      '--import',
      pathToFileURL(join(import.meta.dirname, 'null-backend.ts')).href,
    ],
    env: {},
  },
};

async function ended(
  { name, script, args, seconds }: Stage,
  { standIn, stop }: Run,
): Promise<Outcome> {
  const { flags, env } = standIn ? OPTIONS[standIn] : { flags: [], env: {} };
  const folder = mkdtempSync(join(tmpdir(), 'rank-atlas-stage-'));
  const [results, runtime] = [join(folder, 'results'), join(folder, 'runtime')];
  for (const made of [results, runtime]) mkdirSync(made, { mode: 0o700 });
  const start = Date.now();
  const child = spawn(process.execPath, ['--import', 'tsx', ...flags, script, ...args], {
    cwd: resolve(import.meta.dirname, '../..'),
    // Vulkan's loader prints a warning if this directory is missing.
    env: { XDG_RUNTIME_DIR: runtime, ...process.env, ...env, RESULTS: results },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
  const kill = () => child.kill('SIGKILL');
  const limit = AbortSignal.timeout(1000 * seconds);
  for (const signal of [limit, stop]) signal.addEventListener('abort', kill);
  let grace: ReturnType<typeof setTimeout> | undefined;
  const watch = setInterval(() => {
    if (!grace && filesOf(results).length > 0) grace = setTimeout(kill, GRACE);
  }, 500);
  const code = await new Promise<number | null>((resolve) => {
    child.on('close', resolve);
  });
  stop.removeEventListener('abort', kill);
  clearTimeout(grace);
  clearInterval(watch);
  const figures = figuresIn(results);
  rmSync(folder, { recursive: true });
  const done = Object.keys(figures).length > 0 && (code === 0 || (code === null && !stop.aborted));
  const how = done ? 'done' : stop.aborted ? 'stopped' : limit.aborted ? 'out of time' : 'failed';
  return {
    name,
    command: [script, ...args].join(' '),
    ended: how,
    why: how === 'done' ? null : whyOf(how, text, { code, seconds }),
    code,
    seconds: Math.round((Date.now() - start) / 100) / 10,
    said: text.trimEnd().split('\n').slice(-LINES),
    figures,
  };
}

function whyOf(
  how: Outcome['ended'],
  text: string,
  { code, seconds }: { code: number | null; seconds: number },
): string {
  if (how === 'stopped') return 'it was stopped';
  if (how === 'out of time') return `nothing after ${Math.round(seconds)} s`;
  // The error message is on one line; a stack trace follows.
  const thrown = [...text.matchAll(/^(?:\w*Error|Error): (.+)$/gm)].at(-1)?.[1];
  return thrown ?? `it ended with ${code ?? 'a signal'}`;
}

const filesOf = (folder: string): string[] =>
  readdirSync(folder).filter((file) => file.endsWith('.json'));

/** Skips files that are incomplete because the process was killed. */
function figuresIn(folder: string): Record<string, unknown> {
  return Object.fromEntries(
    filesOf(folder).flatMap((file) => {
      try {
        return [
          [
            file.replace(/\.json$/, ''),
            JSON.parse(readFileSync(join(folder, file), 'utf8')) as unknown,
          ],
        ];
      } catch {
        return [];
      }
    }),
  );
}
