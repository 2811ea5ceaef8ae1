/**
 * `npm run generate:tokenizers`: compiles tools/tokenizers, the reference tokenizer library, to
 * src/model/gen/tokenizers.wasm and writes the licence notices of everything in it.
 *
 * Requires rustup (rust-toolchain.toml names the version), and clang with llvm-ar for Oniguruma's C
 * code.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { metered } from './meter.mjs';

const folder = 'tools/tokenizers';
const target = 'wasm32-unknown-unknown';
const out = 'src/model/gen/tokenizers.wasm';
const build = process.env.CARGO_TARGET_DIR ?? mkdtempSync(join(tmpdir(), 'tokenizers-'));
const home = process.env.CARGO_HOME ?? join(homedir(), '.cargo');
const { RUSTUP_TOOLCHAIN: _, ...inherited } = process.env;
const env = {
  ...inherited,
  CARGO_TARGET_DIR: build,
  // No paths of this machine in the module, at most a gigabyte of memory, and enough stack for the
  // deepest pattern that Oniguruma accepts.
  RUSTFLAGS: [
    '--cfg getrandom_backend="custom"',
    `--remap-path-prefix=${home}=/cargo`,
    `--remap-path-prefix=${process.cwd()}=/src`,
    '-C link-arg=--max-memory=1073741824',
    '-C link-arg=-zstack-size=4194304',
  ].join(' '),
  CC_wasm32_unknown_unknown: 'clang',
  AR_wasm32_unknown_unknown: process.env.AR ?? 'llvm-ar',
  // The crate's own ONIG_EXTERN lacks `extern`, so it would define variables instead of declaring
  // them.
  CFLAGS_wasm32_unknown_unknown: `-isystem ${join(process.cwd(), folder, 'include')} -Os -DONIG_EXTERN=extern`,
};
execFileSync('cargo', ['build', '--release', '--locked', '--target', target], {
  cwd: folder,
  env,
  stdio: 'inherit',
});

const module = join(build, target, 'release', 'rank_atlas_tokenizers.wasm');
writeFileSync(out, metered(readFileSync(module)));

writeFileSync('src/model/gen/tokenizers.LICENSES.txt', notices());
const bytes = readFileSync(out);
console.log(`${out}: ${bytes.length} bytes, ${gzipSync(bytes, { level: 9 }).length} gzipped`);
if (process.env.CARGO_TARGET_DIR === undefined) rmSync(build, { recursive: true });

/**
 * Name, version, licence and licence files of every crate in the module. Build dependencies are
 * omitted.
 */
function notices() {
  const cargo = (...args) =>
    execFileSync('cargo', args, { cwd: folder, env, encoding: 'utf8', maxBuffer: 1 << 28 });
  const linked = new Set(
    cargo(
      'tree',
      '--target',
      target,
      '--edges',
      'normal,no-proc-macro',
      '--prefix',
      'none',
      '--format',
      '{p}',
    )
      .split('\n')
      .map((l) => l.split(' ').slice(0, 2).join(' ')),
  );
  const texts = new Map(); // licence text -> its crates
  for (const { name, version, license, manifest_path: manifest } of JSON.parse(
    cargo('metadata', '--format-version', '1', '--filter-platform', target),
  ).packages) {
    if (name === 'rank-atlas-tokenizers' || !linked.has(`${name} v${version}`)) continue;
    const at = dirname(manifest);
    const files = [at, join(at, 'oniguruma')]
      .flatMap((f) => (exists(f) ? readdirSync(f).map((n) => join(f, n)) : []))
      .filter(
        (f) =>
          /[\\/](LICEN[CS]E|COPYING|UNLICENSE|NOTICE)[^\\/]*$/i.test(f) && statSync(f).isFile(),
      );
    const text =
      files
        .sort()
        .map((f) => readFileSync(f, 'utf8').trim())
        .join('\n\n') || '(the crate carries no licence file)';
    texts.set(text, [...(texts.get(text) ?? []), `${name} ${version} (${license})`]);
  }
  const rule = '='.repeat(80);
  return `What is compiled into tokenizers.wasm, and its licences. Written by \`npm run generate:tokenizers\`.\n\n${[...texts].map(([text, names]) => `${rule}\n${names.join('\n')}\n${rule}\n\n${text}\n`).join('\n')}`;
}

function exists(path) {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
