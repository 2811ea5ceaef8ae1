/**
 * Tests the order of the source directories: each imports only from those before it in
 * docs/architecture.md.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { defined, elementAt } from '../src/checked.ts';

const root = resolve(fileURLToPath(import.meta.url), '../..');
const rooms = [
  'checked.ts',
  'errors.ts',
  'once.ts',
  'onnx',
  'compiler',
  'model',
  'device',
  'engine',
  'language',
  'methods',
  'spec',
  'adapters',
  'studies',
  'experiment',
  'runtime',
  'library',
  'index.node.ts',
  'index.web.ts',
  'worker',
  'state',
  'words',
  'ui',
];

/** Imports that the order permits but that would pull the engine's code into the page. */
const forbidden: Record<string, string[]> = {
  state: ['engine', 'compiler', 'device', 'onnx'],
  ui: ['engine', 'compiler', 'device', 'onnx', 'methods'],
  methods: ['onnx'],
};

const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter(
  (f) => /\.tsx?$/.test(f) && !/\.test\.tsx?$/.test(f),
);

function importsOf(file: string): { path: string; typeOnly: boolean }[] {
  const text = readFileSync(join(root, 'src', file), 'utf8');
  return [
    ...text.matchAll(
      /(?:^|\n)\s*(?:import|export)\s+(type\s)?[^'"`;]*?from\s*['"](\.[^'"]+)['"]|import\(\s*['"](\.[^'"]+)['"]\s*\)/g,
    ),
  ].map((m) => ({ path: defined(m[2] ?? m[3]), typeOnly: !!m[1] }));
}

const roomOf = (path: string) => elementAt(path.split(sep), 0);

test('every source file belongs to a room', () => {
  expect(
    sources.filter((f) => !rooms.includes(roomOf(f)) && f !== 'main.tsx' && f !== 'vite-env.d.ts'),
  ).toEqual([]);
});

test('rooms import only from rooms below them', () => {
  const wrong: string[] = [];
  for (const file of sources) {
    const room = roomOf(file);
    if (!rooms.includes(room)) continue;
    for (const { path, typeOnly } of importsOf(file)) {
      const target = relative(join(root, 'src'), resolve(root, 'src', dirname(file), path));
      // The version, and the list of bundled models.
      if (/^\.\.[\\/](package|public[\\/]models[\\/]index)\.json$/.test(target)) continue;
      if (target.startsWith('..')) {
        wrong.push(`${file} → ${path} (outside src)`);
        continue;
      }
      const to = roomOf(target);
      if (rooms.indexOf(to) > rooms.indexOf(room)) wrong.push(`${file} → ${target}`);
      if (!typeOnly && forbidden[room]?.includes(to))
        wrong.push(`${file} → ${target} (only types may be imported)`);
    }
  }
  expect(wrong).toEqual([]);
});

/** Directories and files of the engine, in the same order. */
const engineRooms = [
  'facets',
  'engine.ts',
  'memory.ts',
  'tokens.ts',
  'backends',
  'handle.ts',
  'pieces',
  'head',
  'adapters',
  'probe',
  'train',
  'gradients',
  'sparse',
  'generate',
  'cut-engine.ts',
  'check',
];

test('the engine’s rooms import only from those before them', () => {
  const place = (path: string) => engineRooms.indexOf(elementAt(path.split(sep), 1));
  const own = sources.filter((f) => roomOf(f) === 'engine' && !basename(f).startsWith('test-'));
  expect(own.filter((f) => place(f) < 0)).toEqual([]);
  const wrong = own.flatMap((file) =>
    importsOf(file)
      .map(({ path }) => relative(join(root, 'src'), resolve(root, 'src', dirname(file), path)))
      .filter((target) => roomOf(target) === 'engine' && place(target) > place(file))
      .map((target) => `${file} → ${target}`),
  );
  expect(wrong).toEqual([]);
});
