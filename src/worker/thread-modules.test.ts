/**
 * Tests what the engine's thread loads, on its bundle: experiments arrive validated and the page
 * has the words, so the thread needs neither schemas nor words.
 */
import { relative, resolve } from 'node:path';
import { rolldown, type OutputChunk } from 'rolldown';
import { beforeAll, expect, it } from 'vitest';
import { defined } from '../checked.ts';

const root = resolve(import.meta.dirname, '../..');

let chunks: Map<string, OutputChunk>;

beforeAll(async () => {
  const bundle = await rolldown({
    cwd: root,
    input: 'src/worker/engine.worker.ts',
    platform: 'browser',
    resolve: { conditionNames: ['browser', 'import'] },
    // Files that Vite serves by their address.
    external: [/^onnxruntime-web/, /\?(url|raw)$/],
  });
  const { output } = await bundle.generate({ format: 'esm' });
  await bundle.close();
  chunks = new Map(output.flatMap((c) => (c.type === 'chunk' ? [[c.fileName, c]] : [])));
});

/** The modules with code in these chunks, and in those that they import at once. */
function modulesOf(names: readonly string[]): string[] {
  const reached = new Set(names);
  for (const name of reached) for (const next of chunks.get(name)?.imports ?? []) reached.add(next);
  return [...reached].flatMap((name) =>
    Object.entries(chunks.get(name)?.modules ?? {}).flatMap(([path, { renderedLength }]) =>
      renderedLength > 0 ? [relative(root, path)] : [],
    ),
  );
}

const SCHEMAS = /^node_modules\/zod\/|\/(manifest|schema|method-schema)\.ts$/;
const WORDS = /words/;

it('loads no schema and no words when it starts', () => {
  const entry = defined([...chunks.values()].find((chunk) => chunk.isEntry));
  const modules = modulesOf([entry.fileName]);
  expect(modules).toContain('src/methods/importance/registry.ts');
  expect(modules).toContain('src/studies/race/study.ts');
  expect(modules.filter((path) => SCHEMAS.test(path) || WORDS.test(path))).toEqual([]);
});

it('loads no words on demand, and schemas only for the task tables that compress validates', () => {
  const modules = modulesOf([...chunks.keys()]);
  expect(modules).toContain('src/studies/race/run.ts');
  expect(modules.filter((path) => WORDS.test(path))).toEqual([]);
  const withSchemas = [...chunks.values()]
    .filter(({ isDynamicEntry }) => isDynamicEntry)
    .filter(({ fileName }) => modulesOf([fileName]).some((path) => SCHEMAS.test(path)));
  expect(withSchemas.map(({ facadeModuleId }) => relative(root, defined(facadeModuleId)))).toEqual([
    'src/studies/compress/run.ts',
  ]);
});
