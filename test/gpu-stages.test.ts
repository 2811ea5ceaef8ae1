/**
 * Tests the stage runner of `npm run gpu`: results are saved, and a failing or hanging stage does
 * not affect the others.
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
  'each has a process and a time limit, and is reported when it ends',
  { timeout: 120_000 },
  async () => {
    const reported: string[] = [];
    const outcomes = await runStages(
      [
        stage(
          'good',
          'writeResult("figures", { args: process.argv.slice(2) });\nconsole.log("well");',
        ),
        stage('bad', 'throw new Error("no such device");'),
        stage('stuck', 'setInterval(() => undefined, 1000);', 8),
        // Its figures exist, so it has finished its work.
        stage(
          'never-ending',
          'writeResult("late", { ok: true });\nsetInterval(() => undefined, 1000);',
        ),
        stage('silent', ''),
      ],
      {
        standIn: null,
        until: Infinity,
        stop: new AbortController().signal,
        onProgress: async (all, next) =>
          void reported.push([...all.map(({ ended }) => ended), next].join(', ')),
      },
    );
    expect(reported).toEqual([
      'good',
      'done, bad',
      'done, failed, stuck',
      'done, failed, out of time, never-ending',
      'done, failed, out of time, done, silent',
      'done, failed, out of time, done, failed, ',
    ]);
    const [good, bad, stuck, neverEnding] = outcomes;
    expect(good).toMatchObject({
      why: null,
      said: ['well'],
      figures: { figures: { args: ['one'] } },
    });
    expect(defined(bad).why).toBe('no such device');
    expect(defined(bad).said.join('\n')).toContain('no such device');
    expect(defined(stuck).why).toBe('nothing after 8 s');
    expect(neverEnding).toMatchObject({ why: null, figures: { late: { ok: true } } });
  },
);

test('driver output next to the figures is ignored', { timeout: 60_000 }, async () => {
  const leaves =
    'import { writeFileSync } from "node:fs";\nwriteFileSync(`${process.env.RESULTS}/driver.log`, "");';
  const [slow] = await runStages(
    [stage('slow', `${leaves}\nsetTimeout(() => writeResult("figures", {}), 8000);`)],
    {
      standIn: null,
      until: Infinity,
      stop: new AbortController().signal,
      onProgress: () => Promise.resolve(),
    },
  );
  expect(slow).toMatchObject({ ended: 'done', figures: { figures: {} } });
});

test(
  'a stopped run reports the current stage; a run without time starts no more',
  {
    timeout: 60_000,
  },
  async () => {
    const stop = new AbortController();
    const endless = stage('endless', 'console.log("begun");\nsetInterval(() => undefined, 1000);');
    const run = {
      standIn: null,
      until: Infinity,
      stop: stop.signal,
      onProgress: () => Promise.resolve(),
    };
    setTimeout(() => stop.abort(), 4000);
    const outcomes = await runStages([endless, stage('later', '')], run);
    expect(outcomes).toMatchObject([{ name: 'endless', ended: 'stopped', code: null }]);
    const late = { ...run, stop: new AbortController().signal, until: Date.now() + 1000 };
    expect(await runStages([endless], late)).toEqual([]);
  },
);
