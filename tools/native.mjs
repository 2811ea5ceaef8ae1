/**
 * `npm run test:native [-- FILES]`: installs onnxruntime-node in the pinned version if it is
 * missing, and runs the unit tests with engines on it. Its install script is skipped: it would
 * download CUDA libraries on Linux, which the tests do not need.
 */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const require = createRequire(join(root, 'package.json'));
const { 'onnxruntime-node': version } = require('./package.json').peerDependencies;

function installed() {
  try {
    return require('onnxruntime-node/package.json').version;
  } catch {
    return null;
  }
}

const run = (command, args, env = {}) =>
  spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
    shell: process.platform === 'win32',
  }).status ?? 1;

if (installed() !== version) {
  const status = run('npm', [
    'install',
    '--no-save',
    // npm does not install an optional peer unless it is asked for as another kind of dependency.
    '--save-dev',
    '--ignore-scripts',
    `onnxruntime-node@${version}`,
  ]);
  if (status !== 0) process.exit(status);
  if (installed() !== version) {
    console.error(`npm did not install onnxruntime-node ${version}.`);
    process.exit(1);
  }
}
process.exit(
  run('npx', ['--no-install', 'vitest', 'run', ...process.argv.slice(2)], { PROVIDER: 'native' }),
);
