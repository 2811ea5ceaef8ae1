/**
 * `npm run generate:simd`: compiles shaders/noise-product.as.ts into src/device/gen/ with the
 * AssemblyScript compiler of the version below: once with its own memory, once for threads that
 * share a memory. The compiler and its optimiser have 100 MB, so only this command downloads them.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const source = 'shaders/noise-product.as.ts';
const folder = mkdtempSync(join(tmpdir(), 'simd-'));
const out = join(folder, 'out.wasm');
const common = ['--runtime', 'stub', '-O3', '--noAssert', '--initialMemory', '1'];
/** Pages of the shared memory at most: 1 GB, of which only used pages take memory. */
const shared = ['--importMemory', '--sharedMemory', '--maximumMemory', '16384'];
for (const { file, name, flags } of [
  { file: 'noise-product', name: 'noiseProductModule', flags: ['--enable', 'simd'] },
  {
    file: 'noise-product-shared',
    name: 'sharedNoiseProductModule',
    flags: [...shared, '--enable', 'simd,threads'],
  },
]) {
  execFileSync(
    'npx',
    ['--yes', '--package=assemblyscript@0.28.20', 'asc', source, '-o', out, ...common, ...flags],
    { stdio: 'inherit' },
  );
  writeFileSync(
    `src/device/gen/${file}.ts`,
    `// Generated from ${source} by \`npm run generate:simd\`: a WebAssembly module in base64.\nexport const ${name} = '${readFileSync(out).toString('base64')}';\n`,
  );
}
rmSync(folder, { recursive: true });
