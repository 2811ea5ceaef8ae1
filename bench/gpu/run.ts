/**
 * `npm run gpu [-- --model FOLDER] [--rehearse software|null] [--only WORDS] [--out FILE]`: all
 * that is to be known of a GPU, in one go of some ten minutes, on Node and Dawn
 * (docs/benchmarks.md). Stops where there is only a software adapter; `--rehearse` runs the stages
 * on what takes a GPU's place. The file is written anew after each stage: a run that is cut still
 * tells.
 */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { defined, elementAt } from '../../src/checked.ts';
import { provenance } from '../machine.ts';
import { runStages, type Outcome } from './runner.ts';
import { STAND_INS, stagesFor } from './stages.ts';

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    rehearse: { type: 'string' },
    only: { type: 'string' },
    out: { type: 'string', default: 'bench/results/gpu/gpu.json' },
  },
});

const standIn = STAND_INS.find((name) => name === values.rehearse) ?? null;
if (values.rehearse !== undefined && !standIn) {
  console.error(`--rehearse takes ${STAND_INS.join(' or ')}, not "${values.rehearse}".`);
  process.exit(2);
}
const [adapter, ...rest] = stagesFor(values.model ?? null, standIn);
const chosen = rest.filter(({ name }) => values.only === undefined || name.includes(values.only));

function save(stages: readonly Outcome[]): void {
  mkdirSync(dirname(values.out), { recursive: true });
  writeFileSync(
    `${values.out}.part`,
    `${JSON.stringify({ ...provenance(), ...(standIn && { standIn }), stages }, null, 1)}\n`,
  );
  renameSync(`${values.out}.part`, values.out);
}

function tell(outcomes: readonly Outcome[]): void {
  save(outcomes);
  const { name, ended, why, seconds, said } = elementAt(outcomes, -1);
  console.log(
    `${name}: ${ended}${why ? ` (${why})` : ''}, ${seconds} s\n  ${said.slice(-6).join('\n  ')}`,
  );
}

const [first] = await runStages([defined(adapter)], standIn, tell);
if (defined(first).ended === 'done') {
  const outcomes = await runStages(chosen, standIn, (later) => tell([defined(first), ...later]));
  process.exit(outcomes.every(({ ended }) => ended === 'done') ? 0 : 1);
}
console.log('No GPU to measure. --rehearse software tries the stages on the processor.');
process.exit(2);
