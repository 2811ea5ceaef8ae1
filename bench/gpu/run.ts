/**
 * `npm run gpu [-- --model FOLDER] [--rehearsal] [--only WORDS] [--out FILE]`: all that is to be known of a GPU, in one go of some ten
 * minutes, on Node and Dawn (docs/benchmarks.md). Stops where there is only a software adapter; `--rehearsal` runs the stages on it, small.
 * The file is written anew after each stage: a run that is cut still tells.
 */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { provenance } from '../machine.ts';
import { runStages, type Outcome } from './runner.ts';
import { stagesFor } from './stages.ts';

const { values } = parseArgs({ options: {
  model: { type: 'string' },
  rehearsal: { type: 'boolean', default: false },
  only: { type: 'string' },
  out: { type: 'string', default: 'bench/results/gpu/gpu.json' },
} });

const all = stagesFor(values.model ?? null, values.rehearsal), [adapter, ...rest] = all;
const chosen = rest.filter(({ name }) => values.only === undefined || name.includes(values.only));

function save(stages: readonly Outcome[]): void {
  mkdirSync(dirname(values.out), { recursive: true });
  writeFileSync(`${values.out}.part`, `${JSON.stringify({ ...provenance(), rehearsal: values.rehearsal, stages }, null, 1)}\n`);
  renameSync(`${values.out}.part`, values.out);
}

function tell(outcomes: readonly Outcome[]): void {
  save(outcomes);
  const { name, ended, why, seconds, said } = outcomes.at(-1)!;
  console.log(`${name}: ${ended}${why ? ` (${why})` : ''}, ${seconds} s\n  ${said.slice(-6).join('\n  ')}`);
}

const [first] = await runStages([adapter!], tell);
if (first!.ended === 'done') {
  const outcomes = await runStages(chosen, (later) => tell([first!, ...later]));
  process.exit(outcomes.every(({ ended }) => ended === 'done') ? 0 : 1);
}
console.log('No GPU to measure. --rehearsal tries the stages on a software adapter.');
process.exit(2);
