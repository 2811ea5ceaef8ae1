/**
 * Runs stages one after the other, each in a process of its own with a time limit, and tells after
 * each how all of them went so far: a run that is cut still tells, and a stage that fails or hangs
 * costs itself only.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { SWIFTSHADER } from '../../src/device/test-gpu.ts';
import type { StandIn } from './stages.ts';

export interface Stage {
  name: string;
  /** A TypeScript file and what it is given. */
  script: string;
  args: readonly string[];
  /** How long it may take, seconds. */
  seconds: number;
}

export interface Outcome {
  name: string;
  command: string;
  ended: 'done' | 'failed' | 'out of time';
  /** Why, where it did not end well. */
  why: string | null;
  seconds: number;
  /** The last lines it printed. */
  said: string[];
  /** What it left by `writeResult`, by name. */
  figures: Record<string, unknown>;
}

/**
 * Milliseconds that a process has to end by itself once its figures are there. In Node one that has
 * used Dawn may take minutes (docs/benchmarks.md), which a lent machine has not.
 */
const GRACE = 5000;
const LINES = 40;

export async function runStages(
  stages: readonly Stage[],
  standIn: StandIn | null,
  tell: (outcomes: readonly Outcome[]) => void,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const stage of stages) {
    outcomes.push(await run(stage, standIn));
    tell(outcomes);
  }
  return outcomes;
}

/**
 * For the process of a stage: which adapter it finds. Of a stand-in nothing is timed, so the
 * runtime's code need not be optimised.
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

async function run(
  { name, script, args, seconds }: Stage,
  standIn: StandIn | null,
): Promise<Outcome> {
  const { flags, env } = standIn ? OPTIONS[standIn] : { flags: [], env: {} };
  const results = mkdtempSync(join(tmpdir(), 'rank-atlas-stage-'));
  const start = Date.now();
  const child = spawn(process.execPath, ['--import', 'tsx', ...flags, script, ...args], {
    cwd: resolve(import.meta.dirname, '../..'),
    // Vulkan's loader complains where there is no such folder.
    env: { XDG_RUNTIME_DIR: results, ...process.env, ...env, RESULTS: results },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  const limit = { reached: false };
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
  const timer = setTimeout(() => {
    limit.reached = true;
    child.kill('SIGKILL');
  }, 1000 * seconds);
  let grace: ReturnType<typeof setTimeout> | undefined;
  const watch = setInterval(() => {
    if (!grace && readdirSync(results).length > 0)
      grace = setTimeout(() => child.kill('SIGKILL'), GRACE);
  }, 500);
  const code = await new Promise<number | null>((resolve) => {
    child.on('close', resolve);
  });
  clearTimeout(timer);
  clearTimeout(grace);
  clearInterval(watch);
  const figures = figuresIn(results);
  const said = text.trimEnd().split('\n').slice(-LINES);
  rmSync(results, { recursive: true });
  const done = Object.keys(figures).length > 0 && (code === 0 || code === null);
  const ended = done ? 'done' : limit.reached ? 'out of time' : 'failed';
  const why = done
    ? null
    : limit.reached
      ? `nothing after ${seconds} s`
      : `it ended with ${code ?? 'a signal'}`;
  return {
    name,
    command: [script, ...args].join(' '),
    ended,
    why,
    seconds: Math.round((Date.now() - start) / 100) / 10,
    said,
    figures,
  };
}

/** Files that a kill cut off are left out. */
function figuresIn(folder: string): Record<string, unknown> {
  return Object.fromEntries(
    readdirSync(folder).flatMap((file) => {
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
