/** Runs the command line in this process. Returns the exit code, stdout and stderr. */
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, vi } from 'vitest';
import { main } from '../cli/main.ts';

/** A cache directory for each test process, so that no test resumes from another checkpoint. */
const cache = (process.env.XDG_CACHE_HOME = join(tmpdir(), `rank-atlas-tests-${process.pid}`));
afterAll(() => rmSync(cache, { recursive: true, force: true }));

export async function cli(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const spies = [
    vi.spyOn(console, 'log').mockImplementation((...words) => {
      out += `${words.join(' ')}\n`;
    }),
    vi.spyOn(console, 'error').mockImplementation((...words) => {
      err += `${words.join(' ')}\n`;
    }),
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      out += String(text);
      return true;
    }),
  ];
  try {
    return { code: await main(args), out, err };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

/** Converts `['a=1', 'b=2']` to `--set a=1 --set b=2`. */
export const set = (settings: readonly string[]): string[] => settings.flatMap((s) => ['--set', s]);

/** The only line about BOS that runs of the bundled model print. */
export const noBosLine = 'rank-atlas: No BOS: tokenizer.json specifies none.\n';
