/** Tests that the list of the code that the engine's thread loads on demand is complete. */
import { readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { defined } from '../checked.ts';

const source = resolve(import.meta.dirname, '..');
/** Their code is loaded by name: `fetchStudyParts` asks the registries for it. */
const REGISTERED = /^(studies\/\w+\/study|studies\/race\/entries|methods\/importance\/[\w-]+)\.ts$/;
/** A WebGPU device imports the rest of its code when it opens. */
const WEBGPU = /^(engine\/backends\/webgpu-[\w-]+|compiler\/unsigned)\.ts$/;
const LIST = 'worker/study-parts.ts';

/** The modules that `file` imports at once or on demand, relative to `src`. */
function importsOf(file: string, pattern: RegExp): string[] {
  const text = readFileSync(join(source, file), 'utf8');
  return [...text.matchAll(pattern)]
    .map((match) => relative(source, resolve(source, dirname(file), defined(match[1]))))
    .filter((target) => target.endsWith('.ts'));
}
const atOnce = (file: string) =>
  importsOf(file, /^(?:import|export)(?! type)[^;]*?'(\.[^']+)';$/gm);
const onDemand = (file: string) => importsOf(file, /\bimport\(\s*'(\.[^']+)'/g);

function reach(from: string, next: (file: string) => string[]): Set<string> {
  const reached = new Set([from]);
  // A set visits what is added to it during the loop.
  for (const file of reached) for (const target of next(file)) reached.add(target);
  return reached;
}

it('fetches all code that the engine’s thread imports on demand on the CPU', () => {
  const loaded = reach('worker/engine.worker.ts', atOnce);
  const listed = new Set(onDemand(LIST));
  const missing = [
    ...reach('worker/engine.worker.ts', (file) => [...atOnce(file), ...onDemand(file)]),
  ]
    .filter((file) => !REGISTERED.test(file) && !WEBGPU.test(file))
    .flatMap(onDemand)
    .filter((file) => !loaded.has(file) && !listed.has(file))
    .filter((file) => file !== LIST && !WEBGPU.test(file));
  expect(listed.size).toBeGreaterThan(20);
  expect(missing).toEqual([]);
});
