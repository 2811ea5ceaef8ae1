/** Tests the numbers of the lesson: `rank-atlas run` on each link gives the quoted ones. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { encodeLink } from '../src/experiment/link.ts';
import { cli } from '../test/cli.ts';
import { ADDRESS, exercises, quotedIn, sectionOf } from '../test/teaching.ts';

const pages = ['docs/teaching.md', 'docs/teaching.ja.md'].map((path) => readFileSync(path, 'utf8'));

test.each(exercises)('exercise $number', { timeout: 900_000 }, async ({ number, spec, facts }) => {
  const folder = mkdtempSync(join(tmpdir(), 'teaching-'));
  try {
    const out = join(folder, 'result.json');
    const link = ADDRESS + (await encodeLink(spec));
    expect((await cli('run', link, '--provider', 'wasm', '--out', out)).code).toBe(0);
    const known = facts(JSON.parse(readFileSync(out, 'utf8')));
    for (const page of pages)
      for (const quoted of quotedIn(sectionOf(page, number))) expect(known).toContain(quoted);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
