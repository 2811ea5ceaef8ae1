import fc from 'fast-check';
import { expect, test } from 'vitest';
import { elementAt } from '../../checked.ts';
import { defaultSpec, parseSpec } from '../../experiment/schema.ts';
import { setByPaths } from '../../experiment/settings.ts';
import type { ExperimentSpec } from '../../studies/spec.ts';
import { commandOf } from './command.ts';

/** Splits a command into words as a POSIX shell does. */
const words = (command: string): string[] => {
  const out: string[] = [];
  let word = '';
  let quoted = false;
  for (let i = 0; i < command.length; i++) {
    const c = elementAt(command, i);
    if (c === "'") quoted = !quoted;
    else if (c === '\\' && !quoted) word += command[++i];
    else if (c === ' ' && !quoted) {
      out.push(word);
      word = '';
    } else word += c;
  }
  return [...out, word];
};

/** The experiment that the command line would run. */
function run(command: string): ExperimentSpec {
  const list = words(command);
  const settings: [string, string][] = [];
  expect(list.slice(0, 4)).toEqual(['npx', 'rank-atlas', 'run', 'where']);
  for (let i = 4; i < list.length; i += 2) {
    const value = elementAt(list, i + 1);
    if (list[i] === '--seed') settings.push(['seed', value]);
    else if (list[i] === '--set')
      settings.push([value.slice(0, value.indexOf('=')), value.slice(value.indexOf('=') + 1)]);
    else throw new Error(`unexpected ${list[i]}`);
  }
  return setByPaths(defaultSpec(), settings);
}

test('the default experiment is the preset alone', () =>
  expect(commandOf(defaultSpec())).toBe('npx rank-atlas run where'));

test('the command gives back any experiment on bundled things', () => {
  fc.assert(
    fc.property(
      fc.record({
        seed: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
        meanRank: fc.double({ min: 0, max: 64, noNaN: true }),
        repeats: fc.integer({ min: 1, max: 64 }),
        rounding: fc.constantFrom('floor', 'exact'),
        variant: fc.constantFrom('two-draws', 'clean'),
        sigma: fc.option(fc.double({ min: 1e-6, max: 10, noNaN: true })),
        text: fc.constantFrom('stories', 'jargon-eval'),
      }),
      ({ seed, meanRank, repeats, rounding, variant, sigma, text }) => {
        const spec = parseSpec({
          seed,
          text: { kind: 'bundled', id: text },
          method: {
            repeats,
            variant,
            noise: sigma === null ? { scale: 'std' } : { scale: 'fixed', sigma },
          },
          allocation: { meanRank: meanRank + 0, rounding },
        });
        expect(run(commandOf(spec))).toEqual(spec);
      },
    ),
  );
});

test('an own text, ids and a model from disk are named as what the reader must give', () => {
  const spec = defaultSpec();
  expect(commandOf({ ...spec, text: { kind: 'own', text: "it's mine" } })).toBe(
    'npx rank-atlas run where --text FILE.txt',
  );
  expect(
    commandOf(
      parseSpec({
        text: {
          kind: 'ids',
          ids: [
            [1, 2],
            [3, 4],
          ],
        },
      }),
    ),
  ).toContain("--ids '[[1,2],[3,4]]'");
  expect(commandOf({ ...spec, model: { id: 'files:SmolLM2' } })).toBe(
    'npx rank-atlas run where --model FOLDER',
  );
});
