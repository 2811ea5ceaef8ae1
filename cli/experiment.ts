/**
 * `rank-atlas experiment allocations`: races allocations on the bundled model over two texts and
 * several seeds. It writes docs/experiments/allocations.md and the raw results next to it. The
 * experiments `learning-rates` and `losa` are in files of their own.
 */
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defined, elementAt } from '../src/checked.ts';
import { AtlasError } from '../src/errors.ts';
import type { RaceEntry } from '../src/studies/race/entries.ts';
import { pairedDifferences, finals, SEEDS_FOR_INTERVALS } from '../src/studies/race/ranking.ts';
import type { RaceResult } from '../src/studies/race/state.ts';
import { parseSpec } from '../src/experiment/schema.ts';
import { setByPaths } from '../src/experiment/settings.ts';
import { interval95, type Interval } from '../src/methods/statistics.ts';
import { raceEn } from '../src/studies/race/words.en.ts';
import { SET_IDS, SETS, textsOf, type SetId } from './experiment-sets.ts';
import { shown, zeroSentence } from './learning-rates-report.ts';
import { markdownTable } from './markdown.ts';
import type { Command, Options } from './options.ts';
import { checkWritable, makeFolder, writeBytes } from './output.ts';
import { measuredIn, raceRows, raceSentence } from '../src/studies/race/report.ts';
import { raced } from './races.ts';
import { settingsOf } from './settings.ts';

const settings = {
  race: {
    entries: ['adarank', 'jacobian', 'eva', 'uniform', 'random', 'inverse'],
    meanRanks: [1, 8],
    seeds: 5,
  },
  training: {
    steps: 30,
    batch: 4,
    length: 32,
    learningRate: 4e-3,
    heldSequences: 32,
    evaluateEvery: 0,
  },
};

/** Each experiment writes its files into the directory and returns its page. */
const experiments: Record<
  string,
  (folder: string, command: string, options: Options) => Promise<string>
> = {
  allocations,
  losa: async (...given) => (await import('./losa-experiment.ts')).losaExperiment(...given),
  'learning-rates': async (...given) =>
    (await import('./learning-rates.ts')).learningRates(...given),
};

export const experiment: Command = async (name, options) => {
  const known = Object.hasOwn(experiments, name) ? experiments[name] : undefined;
  if (!known)
    throw new AtlasError('usage', {
      why: `"${name.slice(0, 40)}" is not an experiment (available: ${Object.keys(experiments).join(', ')})`,
    });
  const folder = options.out ?? resolve(fileURLToPath(import.meta.url), '../../docs/experiments');
  await checkWritable(folder, 'folder');
  await makeFolder(folder);
  console.log(
    await known(
      folder,
      [`npx rank-atlas experiment ${name}`, ...(options.set ?? []).map((s) => `--set ${s}`)].join(
        ' ',
      ),
      options,
    ),
  );
  return 0;
};

async function allocations(folder: string, command: string, options: Options): Promise<string> {
  const results: [SetId, RaceResult][] = [];
  for (const set of SET_IDS) {
    const result = await raceOn(set, options);
    results.push([set, result]);
    await writeBytes(join(folder, `allocations-${set}.json`), `${JSON.stringify(result)}\n`);
  }
  const report = allocationsReport(results, command);
  await writeBytes(join(folder, 'allocations.md'), report);
  return report;
}

function raceOn(set: SetId, options: Options): Promise<RaceResult> {
  const { race, training } = settings;
  const spec = setByPaths(
    parseSpec({ study: 'race', race, training: { ...training, ...textsOf(set) } }),
    settingsOf(options),
  );
  return raced(spec, options);
}

/** The documentation page. All of its numbers come from the results. */
export function allocationsReport(
  results: readonly [SetId, RaceResult][],
  command: string,
): string {
  const {
    spec: { race, training, seed },
    model,
    provider,
    versions,
  } = elementAt(results, 0)[1];
  const lines = [
    '# Does the allocation matter?',
    '',
    `Written by \`${command}\`. Every number on this page comes from that run. The raw results are in`,
    `${results.map(([set]) => `[\`allocations-${set}.json\`](allocations-${set}.json)`).join(' and ')}. [race.md](../race.md) defines the allocations.`,
    '',
    `**All results are at learning rate ${training.learningRate} and ${training.steps} steps. They do not show what happens at other rates or lengths.** At a fixed scale s, more rank for important modules`,
    'acts like a higher rate ([measured](learning-rates.md)). An allocation that leads below the best rate need not lead at the best rate. EVA',
    'differs from the others in its initial values as well as its ranks.',
    '',
    `Model ${model.title}, its ${elementAt(results, 0)[1].modules.length} linear layers; ${training.steps} AdamW steps of ${training.batch} × ${training.length} tokens, learning rate ${training.learningRate}`,
    `(${training.decay} after a warm-up of ${100 * training.warmup} %, norm clipped at ${training.maxNorm}); equal ${race.equal}; seeds ${seed} to ${seed + race.seeds - 1}. Each seed has its own data order, initial adapters`,
    'and random ranks. The loss is that of held-out text, in nats per token. Intervals are 95 % t-intervals over seeds. "Minus uniform" is the',
    `difference paired by seed. An entry wins only if it is significantly below every other entry. Rank Atlas ${versions.rankAtlas}, onnxruntime-web ${versions.onnxruntime}, ${provider.kind}, ${provider.threads} thread${provider.threads > 1 ? 's' : ''};`,
    'the machine also did other work during the measured times.',
  ];
  for (const [set, result] of results) {
    lines.push(
      '',
      `## Trained on ${SETS[set]}`,
      '',
      `Without an adapter: ${result.base.toFixed(4)}. Measuring time: ${measuredIn(result.measured)}.`,
    );
    for (const r of race.meanRanks) {
      lines.push(
        '',
        `### Mean rank ${r}`,
        '',
        ...markdownTable(raceRows(result.standings.filter((s) => s.meanRank === r))),
        '',
        raceSentence(result, r),
        '',
        ...againstRandom(result, r),
        zeroSentence(result, r),
      );
    }
  }
  return `${lines.join('\n')}\n`;
}

/** The losses of an entry minus those of `random`, paired by seed, with the 95 % interval. */
export function lessRandom(result: RaceResult, entry: RaceEntry, meanRank: number): Interval {
  return defined(
    interval95(
      pairedDifferences(
        finals(result.lanes, entry, meanRank),
        finals(result.lanes, 'random', meanRank),
      ),
    ),
  );
}

/** Compares every entry with `random`, whose ranks use no measurement. */
function againstRandom(result: RaceResult, meanRank: number): string[] {
  const { entries, seeds } = result.spec.race;
  const others = entries.filter((e) => e !== 'random');
  if (others.length === entries.length || seeds < SEEDS_FOR_INTERVALS) return [];
  return [
    `Difference from random, paired by seed: ${others.map((e) => `${raceEn.names[e]} ${shown(lessRandom(result, e, meanRank))}`).join(', ')}.`,
    '',
  ];
}
