/**
 * `npm run build:library`: what `npm pack` packs, in `lib/`. JavaScript for Node and for browsers,
 * and the types of both. Packages stay imports; shaders become strings.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { rolldown } from 'rolldown';

const root = resolve(import.meta.dirname, '..');
const lib = join(root, 'lib');
rmSync(lib, { recursive: true, force: true });

/** `#shaders` with the sources inside: a package has no loader of its own. */
const shaders = {
  name: 'shaders',
  resolveId: (id) => (id === '#shaders' ? '\0shaders' : null),
  load(id) {
    if (id !== '\0shaders') return null;
    const sources = Object.fromEntries(
      readdirSync(join(root, 'shaders'))
        .filter((file) => file.endsWith('.wgsl'))
        .map((file) => [
          file.replace(/\.wgsl$/, ''),
          readFileSync(join(root, 'shaders', file), 'utf8'),
        ]),
    );
    return `const sources = ${JSON.stringify(sources)};
export const loadShaders = async () => undefined;
export const shaderSource = (name) => sources[name];`;
  },
};

for (const [kind, conditions] of [
  ['node', ['node', 'import']],
  ['web', ['browser', 'import']],
]) {
  const bundle = await rolldown({
    cwd: root,
    input: {
      index: `src/index.${kind}.ts`,
      compiler: 'src/library/compiler.ts',
      peft: 'src/library/peft.ts',
    },
    platform: kind === 'node' ? 'node' : 'browser',
    external: [/^[@a-z]/],
    resolve: { conditionNames: conditions },
    plugins: [shaders],
  });
  // Relative URLs assume the folder depth of `src/*/`, so chunks must be at the same depth.
  await bundle.write({ dir: join(lib, kind), format: 'esm', chunkFileNames: '[name]-[hash].js' });
  await bundle.close();
}

execFileSync(
  process.execPath,
  [join(root, 'node_modules/typescript/bin/tsc'), '-p', join(root, 'tools/tsconfig.library.json')],
  { stdio: 'inherit' },
);
