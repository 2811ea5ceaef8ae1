/** Tests what the scripts say about the ranks; `tools/trainers/` runs them in their libraries. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { defined } from '../checked.ts';
import { trainerFile, TRAINERS, type ModuleRank } from './trainers.ts';

const ranks = fc.array(fc.record({ layer: fc.nat(99), rank: fc.integer({ min: 0, max: 64 }) }), {
  minLength: 1,
  maxLength: 8,
});
const named = (of: { layer: number; rank: number }[]): ModuleRank[] =>
  of.map(({ rank }, i) => ({ path: `model.layers.${i}.mlp.up_proj`, rank }));

/** The lines `path: number` that follow a key directly, as Python and YAML write them. */
const tableIn = (text: string, key: string) => {
  const rows = /^(?: +"?model[\w.]+"?: \d+,?\n)*/.exec(defined(text.split(key)[1]))?.[0] ?? '';
  return Object.fromEntries(
    [...rows.matchAll(/"?(model[\w.]+?)"?: (\d+)/g)].map(([, path, rank]) => [path, Number(rank)]),
  );
};

test('every module with a rank is named with it, and none of rank 0', () => {
  fc.assert(
    fc.property(ranks, (drawn) => {
      const modules = named(drawn);
      const adapted = modules.filter(({ rank }) => rank > 0);
      const expected = Object.fromEntries(adapted.map(({ path, rank }) => [path, rank]));
      for (const trainer of TRAINERS) {
        const file = trainerFile(trainer, modules);
        if (adapted.length === 0) expect(file).toBeNull();
        else if (trainer === 'axolotl') {
          const { text } = defined(file);
          expect(tableIn(text, 'lora_rank_pattern:\n')).toEqual(expected);
          expect(tableIn(text, 'lora_alpha_pattern:\n')).toEqual(
            Object.fromEntries(adapted.map(({ path, rank }) => [path, 2 * rank])),
          );
          expect([...text.matchAll(/^ {2}- (model\S+)$/gm)].map(([, path]) => path)).toEqual(
            adapted.map(({ path }) => path),
          );
        } else if (trainer !== 'llama-factory')
          expect(tableIn(defined(file).text, 'ranks = {\n')).toEqual(expected);
      }
    }),
  );
});

test('LLaMA-Factory reads the adapter that the PEFT script saves', () => {
  const modules = named([{ layer: 0, rank: 3 }]);
  const folder = /save_pretrained\("(.+)"\)/.exec(defined(trainerFile('peft', modules)).text)?.[1];
  expect(defined(trainerFile('llama-factory', modules)).text).toContain(
    `adapter_name_or_path: ${defined(folder)}\n`,
  );
});
