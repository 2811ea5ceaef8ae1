/**
 * `npm run counts [-- --write]`: what the engine asks of a GPU, counted on a device that computes
 * nothing (docs/benchmarks.md): the bundled model's, and SmolLM2-135M's where its graph lies beside
 * this checkout (the weights are made up). Prints the numbers and, in brackets, those of
 * `bench/results/counts.json`; `--write` puts the new ones there and into docs/benchmarks.md. Exit
 * code 1 when one has grown by more than 2 %.
 */
import { optionsOf } from '../options.ts';
import { committed, described, grown, write, type Table } from './table.ts';
import { MODELS, openCounter } from './work.ts';

const values = optionsOf('npm run counts [-- --write]', {
  write: { type: 'boolean', default: false },
} as const);
const count = await openCounter();
const before = committed();
const now: Table = {};
for (const [name, open] of Object.entries(MODELS)) {
  const model = await open();
  if (model) now[name] = await count(model);
  else console.log(`${name} is skipped: its graph is not beside this checkout`);
}
console.log(described(now, before));
if (values.write) await write(now);
const more = values.write ? [] : grown(now, before);
for (const sentence of more) console.log(sentence);
process.exit(more.length > 0 ? 1 : 0);
