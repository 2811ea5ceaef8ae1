/**
 * `npm run gpu:archive`: packs everything that `npm run gpu` needs for a machine without a network:
 * Node, packages, sources, the bundled model and, with `--graph`, graphs of a larger model, which
 * get made-up weights there. The target needs the system and processor type of this machine. Usage:
 * `tar -xf rank-atlas-gpu.tar.xz && rank-atlas-gpu/measure`.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve, sep } from 'node:path';
import { checkWritable } from '../cli/output.ts';
import { optionsOf, refuse, refuseOut } from '../bench/options.ts';

const values = optionsOf('npm run gpu:archive [-- --graph FOLDER] [--out FILE.tar.xz]', {
  graph: { type: 'string' },
  out: { type: 'string', default: 'rank-atlas-gpu.tar.xz' },
} as const);
const root = resolve(import.meta.dirname, '..');
const out = resolve(values.out);
const graph = values.graph === undefined ? null : resolve(values.graph);
await checkInput();

/** The packages that the measurement needs, without those of the page. */
const PACKAGES = ['onnxruntime-web', 'webgpu', '@bufbuild/protobuf', 'fflate', 'zod', 'tsx'];
/** Files of the runtime that Node does not load. */
const LEFT_OUT = [/\.map$/, /\.jsep\./, /\.jspi\./, /ort\.(all|webgl|jspi)\./];
const NAME = 'rank-atlas-gpu';
const staging = mkdtempSync(join(tmpdir(), `${NAME}-`));
const target = join(staging, NAME);
const part = `${out}.part`;
process.on('exit', () => {
  rmSync(staging, { recursive: true, force: true });
  rmSync(part, { force: true });
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

async function checkInput(): Promise<void> {
  await checkWritable(out, 'file').catch(refuseOut);
  if (spawnSync('xz', ['--version']).status !== 0) refuse('xz is missing: install it (xz-utils).');
  if (graph === null) return;
  const graphs =
    existsSync(graph) && statSync(graph).isDirectory()
      ? readdirSync(graph, { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.onnx'))
      : [];
  if (graphs.length === 0) refuse(`--graph ${values.graph}: it is no folder with an .onnx file.`);
}

/** Selects the files to pack. Of binaries, only those of this system. */
function packed(source: string): boolean {
  if (LEFT_OUT.some((pattern) => pattern.test(source))) return false;
  const system = /webgpu\/dist\/([^/]+)/.exec(source.replaceAll(sep, '/'))?.[1];
  const own = process.platform === 'darwin' ? 'darwin' : `${process.platform}-${process.arch}`;
  return system === undefined || system.startsWith(own);
}

/** Adds a package and its installed dependencies. */
function addPackage(name: string, done: Set<string>): void {
  const folder = join(root, 'node_modules', name);
  if (done.has(name) || !existsSync(folder)) return;
  done.add(name);
  cpSync(folder, join(target, 'node_modules', name), { recursive: true, filter: packed });
  const { dependencies = {}, optionalDependencies = {} } = JSON.parse(
    readFileSync(join(folder, 'package.json'), 'utf8'),
  ) as Partial<Record<'dependencies' | 'optionalDependencies', Record<string, string>>>;
  for (const needed of Object.keys({ ...dependencies, ...optionalDependencies }))
    addPackage(needed, done);
}

const wanted = [
  'package.json',
  'tsconfig.json',
  'bench',
  'cli',
  'src',
  'shaders',
  'test',
  'public',
];
const tracked = execFileSync('git', ['ls-files', ...wanted], { cwd: root, encoding: 'utf8' });
for (const file of tracked.trim().split('\n'))
  if (!/^bench\/(results|peers)\/|^public\/recorded\//.test(file))
    cpSync(join(root, file), join(target, file));
const done = new Set<string>();
for (const name of PACKAGES) addPackage(name, done);
cpSync(process.execPath, join(target, 'node'));
const model = graph && basename(graph);
if (graph && model)
  cpSync(graph, join(target, 'models', model), {
    recursive: true,
    filter: (file) => statSync(file).isDirectory() || !file.endsWith('data'),
  });

const node = '"$here/node" --import "$here/node_modules/tsx/dist/loader.mjs"';
const made = `${node} "$here/bench/made-up.ts" "$here/models/${model}" || exit 2\n`;
const script = `#!/bin/sh
here=$(cd "$(dirname "$0")" && pwd) || exit 1
${model ? made : ''}exec ${node} "$here/bench/gpu/run.ts" ${model ? `--model "$here/models/${model}" ` : ''}"$@"
`;
writeFileSync(join(target, 'measure'), script);
chmodSync(join(target, 'measure'), 0o755);
console.log('Compressing, which takes minutes …');
const { status } = spawnSync('tar', ['-cJf', part, NAME], {
  cwd: staging,
  stdio: 'inherit',
  env: { ...process.env, XZ_OPT: '-9 -T0' },
});
if (status !== 0) refuse('tar did not make the archive; what it said stands above.');
renameSync(part, out);
console.log(`${out}: ${(statSync(out).size / 2 ** 20).toFixed(1)} MiB`);
