/**
 * `npm run counts [-- --write]`: counts the engine's GPU calls on a device that computes nothing
 * (docs/benchmarks.md). It covers the bundled model and, if its graph is present, SmolLM2-135M with
 * made-up weights. Prints the counts with those of `bench/results/counts.json` in brackets.
 * `--write` replaces them there and in docs/benchmarks.md. Exits with 1 if a count has grown by
 * more than 2 %.
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
  else console.log(`${name} is skipped: its graph is not next to this checkout`);
}
console.log(described(now, before));
if (values.write) await write(now);
const more = values.write ? [] : grown(now, before);
for (const sentence of more) console.log(sentence);
process.exit(more.length > 0 ? 1 : 0);
