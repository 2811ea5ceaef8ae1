/**
 * `npm run generate:simd`: compiles shaders/noise-product.as.ts into
 * src/device/gen/noise-product.ts with the AssemblyScript compiler of the version below. The
 * compiler and its optimiser have 100 MB, so only this command downloads them.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const source = 'shaders/noise-product.as.ts';
const folder = mkdtempSync(join(tmpdir(), 'simd-'));
const out = join(folder, 'out.wasm');
const flags = [
  '--runtime',
  'stub',
  '-O3',
  '--noAssert',
  '--initialMemory',
  '1',
  '--enable',
  'simd',
];
execFileSync(
  'npx',
  ['--yes', '--package=assemblyscript@0.28.20', 'asc', source, '-o', out, ...flags],
  { stdio: 'inherit' },
);
writeFileSync(
  'src/device/gen/noise-product.ts',
  `// Generated from ${source} by \`npm run generate:simd\`: a WebAssembly module in base64.\nexport const noiseProductModule = '${readFileSync(out).toString('base64')}';\n`,
);
rmSync(folder, { recursive: true });
