/**
 * The stages of `npm run gpu`: what one leaves is kept, and one that fails or hangs costs itself
 * only.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { defined } from '../src/checked.ts';
import { runStages, type Stage } from '../bench/gpu/runner.ts';

const folder = mkdtempSync(join(tmpdir(), 'rank-atlas-stages-'));
afterAll(() => rmSync(folder, { recursive: true }));

const results = resolve(import.meta.dirname, '../bench/results.ts');
function stage(name: string, code: string, seconds = 60): Stage {
  const script = join(folder, `${name}.ts`);
  writeFileSync(script, `import { writeResult } from ${JSON.stringify(results)};\n${code}\n`);
  return { name, script, args: ['one'], seconds };
}

test(
  'each has a process and a time limit, and is told of as soon as it has ended',
  { timeout: 120_000 },
  async () => {
    const told: string[] = [];
    const outcomes = await runStages(
      [
        stage(
          'good',
          'writeResult("figures", { args: process.argv.slice(2) });\nconsole.log("well");',
        ),
        stage('bad', 'throw new Error("no such device");'),
        stage('stuck', 'setInterval(() => undefined, 1000);', 8),
        // Its figures are there, so it has done its work.
        stage(
          'never-ending',
          'writeResult("late", { ok: true });\nsetInterval(() => undefined, 1000);',
        ),
        stage('silent', ''),
      ],
      null,
      (all) => told.push(all.map(({ ended }) => ended).join(', ')),
    );
    expect(told).toEqual([
      'done',
      'done, failed',
      'done, failed, out of time',
      'done, failed, out of time, done',
      'done, failed, out of time, done, failed',
    ]);
    const [good, bad, stuck, neverEnding] = outcomes;
    expect(good).toMatchObject({
      why: null,
      said: ['well'],
      figures: { figures: { args: ['one'] } },
    });
    expect(defined(bad).why).toBe('it ended with 1');
    expect(defined(bad).said.join('\n')).toContain('no such device');
    expect(defined(stuck).why).toBe('nothing after 8 s');
    expect(neverEnding).toMatchObject({ why: null, figures: { late: { ok: true } } });
  },
);
