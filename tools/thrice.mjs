/**
 * `npm run test:e2e:thrice`: builds, then runs the page tests three times each: unmodified, with
 * the page's processor throttled 6×, and with busy loops on every core. There are no retries.
 * Arguments are passed to Playwright. Prints one line per run and exits with 1 if a test failed.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const bin = (name) => join(root, 'node_modules', '.bin', name);
const TIMES = 3;
const ways = [
  { name: 'as it is', env: {}, loops: 0 },
  { name: 'throttled 6x', env: { THROTTLE: '6', PATIENCE: '4' }, loops: 0 },
  { name: 'under load', env: { PATIENCE: '4' }, loops: availableParallelism() },
];

if (spawnSync(bin('vite'), ['build'], { cwd: root, stdio: 'inherit' }).status !== 0)
  process.exit(1);

const folder = mkdtempSync(join(tmpdir(), 'atlas-thrice-'));
const lines = [];
let failed = 0;
for (const { name, env, loops } of ways) {
  for (let time = 1; time <= TIMES; time++) {
    const busy = Array.from({ length: loops }, () =>
      spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }),
    );
    const report = join(folder, 'report.json');
    const start = Date.now();
    try {
      spawnSync(
        bin('playwright'),
        ['test', '--retries=0', '--reporter=list,json', ...process.argv.slice(2)],
        {
          cwd: root,
          stdio: 'inherit',
          env: { ...process.env, ...env, PLAYWRIGHT_JSON_OUTPUT_NAME: report },
        },
      );
      const { stats } = JSON.parse(readFileSync(report, 'utf8'));
      rmSync(report);
      failed += stats.unexpected + stats.flaky;
      lines.push(
        `${name}, ${time} of ${TIMES}: ${stats.expected} passed, ${stats.unexpected} failed, ${stats.flaky} flaky, ${Math.round((Date.now() - start) / 1000)} s`,
      );
    } catch (error) {
      failed++;
      lines.push(`${name}, ${time} of ${TIMES}: no report (${error.message})`);
    } finally {
      for (const loop of busy) loop.kill('SIGKILL');
    }
  }
}
rmSync(folder, { recursive: true, force: true });
console.log(`\n${lines.join('\n')}`);
process.exit(failed > 0 ? 1 : 0);
