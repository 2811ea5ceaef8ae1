/**
 * `rank-atlas experiment allocations`: races allocations on the bundled model over two adaptation sets and several seeds, and writes
 * docs/experiments/allocations.md with every number in it, the raw results beside it.
 */
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AtlasError } from '../src/errors.ts';
import type { RaceResult } from '../src/experiment/race-state.ts';
import { parseSpec } from '../src/experiment/schema.ts';
import { setByPaths } from '../src/experiment/settings.ts';
import { makeFolder } from './adapter-files.ts';
import { writeBytes } from './disk.ts';
import type { Command, Options } from './options.ts';
import { measuredIn, raced, raceRows, raceSentence } from './race.ts';
import { settingsOf } from './settings.ts';

/** Texts that come as a train and an eval split. */
const SETS = { opticks: 'Newton’s *Opticks*', jargon: 'the Jargon File' } as const;

type SetId = keyof typeof SETS;

const settings = {
  race: { entries: ['adarank', 'jacobian', 'eva', 'uniform', 'random', 'inverse'], meanRanks: [1, 8], seeds: 5 },
  training: { steps: 30, batch: 4, length: 32, learningRate: 4e-3, heldSequences: 32, evaluateEvery: 0 },
};

export const experiment: Command = async (name, options) => {
  if (name !== 'allocations') throw new AtlasError('usage', { why: `"${name.slice(0, 40)}" is not an experiment (there is: allocations)` });
  const folder = options.out ?? resolve(fileURLToPath(import.meta.url), '../../docs/experiments');
  await makeFolder(folder);
  const results: [SetId, RaceResult][] = [];
  for (const set of Object.keys(SETS) as SetId[]) {
    const result = await raceOn(set, options);
    results.push([set, result]);
    await writeBytes(join(folder, `allocations-${set}.json`), `${JSON.stringify(result)}\n`);
  }
  const report = allocationsReport(results, commandOf(options));
  await writeBytes(join(folder, 'allocations.md'), report);
  console.log(report);
  return 0;
};

function raceOn(set: SetId, options: Options): Promise<RaceResult> {
  const { race, training } = settings, texts = { train: { kind: 'bundled', id: `${set}-train` }, held: { kind: 'bundled', id: `${set}-eval` } };
  const spec = setByPaths(parseSpec({ study: 'race', race, training: { ...training, ...texts } }), settingsOf(options.set ?? [], undefined));
  return raced(spec, options);
}

const commandOf = ({ set = [] }: Options): string => ['npx rank-atlas experiment allocations', ...set.map((s) => `--set ${s}`)].join(' ');

/** The page of documentation, written from the results alone. */
export function allocationsReport(results: readonly [SetId, RaceResult][], command: string): string {
  const { spec: { race, training, seed }, model, provider, versions } = results[0]![1];
  const lines = [
    '# Does the allocation matter?', '',
    `Written by \`${command}\`: every number on this page comes from that run, the raw results are in`,
    `${results.map(([set]) => `[\`allocations-${set}.json\`](allocations-${set}.json)`).join(' and ')}. What each allocation is: [race.md](../race.md).`, '',
    `Model ${model.title}, its ${results[0]![1].modules.length} linear layers; ${training.steps} AdamW steps of ${training.batch} × ${training.length} tokens, learning rate ${training.learningRate}`,
    `(${training.decay} after a warm-up of ${100 * training.warmup} %, norm clipped at ${training.maxNorm}); equal ${race.equal}; seeds ${seed} to ${seed + race.seeds - 1}, each with its own order of the data, initial adapters`,
    `and random ranks. Loss: held-out text, nats per token. Intervals: 95 % t-intervals over seeds; "to uniform" is the difference seed by`,
    `seed. An entry wins only if it is below every other one by such an interval. Rank Atlas ${versions.rankAtlas}, onnxruntime-web ${versions.onnxruntime}, ${provider.kind}, ${provider.threads} thread${provider.threads > 1 ? 's' : ''};`,
    'times are of a machine that had other work.',
  ];
  for (const [set, result] of results) {
    lines.push('', `## Trained on ${SETS[set]}`, '', `Without an adapter: ${result.base.toFixed(4)}. Measuring took: ${measuredIn(result.measured)}.`);
    for (const r of race.meanRanks) {
      lines.push('', `### Mean rank ${r}`, '', ...markdownTable(raceRows(result.standings.filter((s) => s.meanRank === r))), '', raceSentence(result, r));
    }
  }
  return `${lines.join('\n')}\n`;
}

function markdownTable([header, ...rows]: readonly (readonly string[])[]): string[] {
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [row(header!), row(header!.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(row)];
}
