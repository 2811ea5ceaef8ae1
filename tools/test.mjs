/**
 * `npm test`: runs types, lint and format, then unit tests (vitest), then tests of the built page
 * in Chromium (Playwright). The last line sums all of them: `N passed, N failed`.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findChromium, howToGetChromium } from './chromium.mjs';

const reports = mkdtempSync(join(tmpdir(), 'rank-atlas-tests-'));
const total = { passed: 0, failed: 0 };

/** Runs a local binary and shows its output. Returns whether it succeeded. */
function run(command, args, env = {}) {
  console.log(`\n> ${command} ${args.join(' ')}`);
  const { status } = spawnSync('npx', ['--no-install', command, ...args], {
    stdio: 'inherit',
    env: { ...process.env, ...env },
    shell: process.platform === 'win32',
  });
  return status === 0;
}

/** A step without counts of its own counts as one test. */
function step(command, args) {
  if (run(command, args)) total.passed++;
  else total.failed++;
}

/** Adds the counts of a runner. A runner without a report counts as one failure. */
function counted(ok, file, count) {
  let counts;
  try {
    counts = count(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    counts = { passed: 0, failed: 1 };
  }
  total.passed += counts.passed;
  total.failed += counts.failed || (ok ? 0 : 1);
}

step('tsc', ['--noEmit']);
step('eslint', ['.']);
step('prettier', ['--check', '.', '--log-level', 'warn']);

const unit = join(reports, 'unit.json');
counted(
  run('vitest', ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${unit}`]),
  unit,
  (r) => ({ passed: r.numPassedTests, failed: r.numFailedTests }),
);

if (findChromium()) {
  const page = join(reports, 'page.json');
  const built = run('vite', ['build']);
  counted(
    built &&
      run('playwright', ['test', '--reporter=list,json'], { PLAYWRIGHT_JSON_OUTPUT_NAME: page }),
    page,
    ({ stats }) => ({ passed: stats.expected + stats.flaky, failed: stats.unexpected }),
  );
} else {
  console.error(`\n${howToGetChromium}`);
  total.failed++;
}

rmSync(reports, { recursive: true, force: true });
console.log(`\n${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed ? 1 : 0);
