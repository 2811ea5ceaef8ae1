/**
 * `npm run gpu:archive [-- --graph FOLDER] [--out FILE]`: everything that `npm run gpu` needs, in
 * one file for a machine without a network: Node, the packages, the sources, the bundled model and,
 * with `--graph`, the graph of a larger model, whose weights are made up on arrival. For the system
 * and processor it is made on. There: `tar -xf rank-atlas-gpu.tar.xz && rank-atlas-gpu/measure`.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { graph: { type: 'string' }, out: { type: 'string', default: 'rank-atlas-gpu.tar.xz' } },
});
const root = resolve(import.meta.dirname, '..');
const staging = mkdtempSync(join(tmpdir(), 'rank-atlas-gpu-'));
const target = join(staging, 'rank-atlas-gpu');

/** The page's own packages are not needed. */
const PACKAGES = ['onnxruntime-web', 'webgpu', '@bufbuild/protobuf', 'fflate', 'zod', 'tsx'];
const platform = `${process.platform}-${process.arch}`;
/** Of packages that carry more than one system's or bundler's files: those that Node loads here. */
const LEFT_OUT = [/\.map$/, /\.jsep\./, /\.jspi\./, /ort\.(all|webgl|jspi)\./];

const packed = (source) => {
  if (LEFT_OUT.some((pattern) => pattern.test(source))) return false;
  const ofSystem = /webgpu\/dist\/([^/]+)/.exec(source.replaceAll('\\', '/'));
  return (
    !ofSystem ||
    ofSystem[1] === platform ||
    (process.platform === 'darwin' && ofSystem[1].startsWith('darwin'))
  );
};

/** A package and what it depends on, as far as it is installed. */
function addPackage(name, done) {
  const folder = join(root, 'node_modules', name);
  if (done.has(name) || !existsSync(folder)) return;
  done.add(name);
  cpSync(folder, join(target, 'node_modules', name), { recursive: true, filter: packed });
  const { dependencies = {}, optionalDependencies = {} } = JSON.parse(
    readFileSync(join(folder, 'package.json'), 'utf8'),
  );
  for (const dependency of Object.keys({ ...dependencies, ...optionalDependencies }))
    addPackage(dependency, done);
}

try {
  const tracked = execFileSync(
    'git',
    [
      'ls-files',
      'package.json',
      'tsconfig.json',
      'bench',
      'cli',
      'src',
      'shaders',
      'test',
      'public',
    ],
    { cwd: root, encoding: 'utf8' },
  );
  for (const file of tracked
    .trim()
    .split('\n')
    .filter((name) => !/^bench\/(results|peers)\/|^public\/recorded\//.test(name))) {
    cpSync(join(root, file), join(target, file), { recursive: true });
  }
  const done = new Set();
  for (const name of PACKAGES) addPackage(name, done);
  cpSync(process.execPath, join(target, 'node'));
  const model = values.graph === undefined ? null : basename(resolve(values.graph));
  if (model)
    cpSync(resolve(values.graph), join(target, 'models', model), {
      recursive: true,
      filter: (file) => statSync(file).isDirectory() || !/data$/.test(file),
    });
  const made = model ? `./node --import tsx bench/made-up.ts models/${model}\n` : '';
  writeFileSync(
    join(target, 'measure'),
    `#!/bin/sh\ncd "$(dirname "$0")" || exit 1\n${made}exec ./node --import tsx bench/gpu/run.ts ${model ? `--model models/${model} ` : ''}"$@"\n`,
  );
  chmodSync(join(target, 'measure'), 0o755);
  const out = resolve(values.out);
  const { status } = spawnSync('tar', ['-cJf', out, 'rank-atlas-gpu'], {
    cwd: staging,
    stdio: 'inherit',
    env: { ...process.env, XZ_OPT: '-9 -T0' },
  });
  if (status !== 0) throw new Error('tar did not make the archive; it needs xz');
  console.log(
    `${out}: ${(statSync(out).size / 2 ** 20).toFixed(1)} MiB (${readdirSync(join(target, 'node_modules')).length} packages and scopes; ${dirname(target)} is gone)`,
  );
} finally {
  rmSync(staging, { recursive: true });
}
