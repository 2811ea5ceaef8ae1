/** No two uses of the generator draw the same numbers. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { streamKeys } from './random.ts';
import { keysOf, MODULE_STREAMS, moduleKeys, STREAMS, type StreamName } from './streams.ts';

const names = Object.keys(STREAMS) as StreamName[];

it('every stream has a number of its own, and none of them is a module’s', () => {
  expect(new Set(Object.values(STREAMS)).size).toBe(names.length);
  for (const number of Object.values(STREAMS))
    expect(number).toBeGreaterThanOrEqual(MODULE_STREAMS);
  expect(new Set(names.map((name) => keysOf(1, name).k1)).size).toBe(names.length);
});

it('gives the generator’s own keys, and refuses what is neither a name nor a module', () => {
  expect(keysOf(3, 'logitSigns', 2)).toEqual(streamKeys(3, 0xfffffffd, 2));
  expect(moduleKeys(3, 7, 2)).toEqual(streamKeys(3, 7, 2));
  for (const number of [STREAMS.text, -1, 0.5, MODULE_STREAMS])
    expect(() => moduleKeys(1, number, 0)).toThrow(RangeError);
  // @ts-expect-error A number is no name of a stream.
  expect(keysOf(1, 0xfffffffd)).not.toEqual(keysOf(1, 'logitSigns'));
});

it('nothing but the table names a stream by its number', () => {
  const root = new URL('../../', import.meta.url);
  const sources = ['src', 'cli', 'bench', 'tools']
    .flatMap((folder) =>
      readdirSync(new URL(`${folder}/`, root), { recursive: true, encoding: 'utf8' }).map(
        (file) => `${folder}/${file}`,
      ),
    )
    .filter((file) => /\.tsx?$/.test(file) && !/\.test\.ts$|\/test-|node_modules/.test(file));
  const literal = sources.filter((file) =>
    /\bstreamKeys\b/.test(readFileSync(new URL(file, root), 'utf8')),
  );
  expect(sources.length).toBeGreaterThan(300);
  expect(literal.sort()).toEqual(['src/device/random.ts', 'src/device/streams.ts']);
});
