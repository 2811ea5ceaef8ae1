/**
 * `rank-atlas experiment losa`: compares LoSA with masked LoRA on the bundled model, at 50 and 70 %
 * sparsity over three seeds. It writes docs/experiments/losa.md and the raw results next to it.
 */
import { join } from 'node:path';
import { defined, elementAt } from '../src/checked.ts';
import { resultOf, type PruneResult } from '../src/studies/prune/state.ts';
import { parseSpec } from '../src/experiment/schema.ts';
import { setByPaths } from '../src/experiment/settings.ts';
import { interval95, summarise } from '../src/methods/statistics.ts';
import packageJson from '../package.json' with { type: 'json' };
import { openCheckpoint } from './checkpoints.ts';
import { figure, range } from '../src/studies/figures.ts';
import { markdownTable } from './markdown.ts';
import type { Options } from './options.ts';
import { writeBytes } from './output.ts';
import { studied, StudyPrinter } from './run-study.ts';
import { openStudy } from './study.ts';
import { output } from '../src/studies/prune/report.ts';
import { settingsOf } from './settings.ts';

const SPARSITIES = [0.5, 0.7];
const SEEDS = [1, 2, 3];

/**
 * Writes the page and returns it. Results are saved in `folder` as they arrive. Seeds are the outer
 * loop, so partial results compare both sparsities on the same seeds.
 */
export async function losaExperiment(
  folder: string,
  command: string,
  options: Options,
): Promise<string> {
  const { dtype, set, provider, threads } = options;
  const writer = await openCheckpoint<PruneResult[]>('losa', [
    packageJson.version,
    dtype,
    set,
    provider,
    threads,
  ]);
  const results = [...(writer.from ?? [])];
  writer.reportResume();
  for (const [seed, sparsity] of SEEDS.flatMap((s) => SPARSITIES.map((z) => [s, z] as const)).slice(
    results.length,
  )) {
    results.push(await losaAndRival(seed, sparsity, options));
    writer.offer(async () => [...results]);
    await writer.save();
    await writeBytes(join(folder, 'losa.json'), `${JSON.stringify(results)}\n`);
  }
  const report = losaReport(results, command);
  await writeBytes(join(folder, 'losa.md'), report);
  return report;
}

/**
 * Runs a pruning study until masked LoRA is evaluated: LoSA, Wanda alone, and Wanda with masked
 * LoRA.
 */
export async function losaAndRival(
  seed: number,
  sparsity: number,
  options: Options,
): Promise<PruneResult> {
  const spec = setByPaths(
    parseSpec({ study: 'prune', seed, prune: { sparsity } }),
    settingsOf(options),
  );
  const { context, checkpointWriter, dispose } = await openStudy(spec, options);
  const printer = new StudyPrinter();
  try {
    return resultOf(
      await studied(
        { name: 'prune', context, writer: await checkpointWriter('prune') },
        (state, { type }) => {
          printer.print(output(state));
          return type === 'masked';
        },
      ),
    );
  } finally {
    printer.end();
    await dispose();
  }
}

interface Way {
  name: string;
  zeros: number;
  of(result: PruneResult): number;
}

/** The documentation page. All of its numbers come from the results. */
export function losaReport(results: readonly PruneResult[], command: string): string {
  const {
    spec: { prune, training },
    model,
    provider,
    versions,
    dense,
  } = elementAt(results, 0);
  const seeds = [...new Set(results.map((r) => r.spec.seed))];
  const lines = [
    '# Does LoSA beat masked LoRA?',
    '',
    `Written by \`${command}\`. Every number on this page comes from that run. The raw results are in`,
    '[`losa.json`](losa.json). [losa.md](../losa.md#compared-with) defines the methods.',
    '',
    `Model ${model.title}, trained on ${training.train.kind === 'bundled' ? training.train.id : 'its own text'}; ${training.steps} AdamW steps of ${training.batch} × ${training.length} tokens for each method, learning rate ${training.learningRate};`,
    `LoSA in ${prune.rounds} rounds. Seeds ${seeds.join(', ')}, each with its own data order and initial adapters. The loss is that of held-out text, in nats per token`,
    `(dense model: ${defined(dense).loss.toFixed(4)}). Intervals are 95 % t-intervals over seeds. "Minus LoSA" is the difference paired by seed. Rank Atlas ${versions.rankAtlas}, onnxruntime-web ${versions.onnxruntime}, ${provider.kind}.`,
  ];
  for (const sparsity of [...new Set(results.map((r) => r.spec.prune.sparsity))]) {
    const own = results.filter((r) => r.spec.prune.sparsity === sparsity);
    lines.push(
      '',
      `## ${100 * sparsity} % zeros`,
      '',
      ...markdownTable(rows(own)),
      '',
      verdict(sparsity, differences(own, maskedOf)),
    );
  }
  return `${lines.join('\n')}\n`;
}

const losaOf = (r: PruneResult): number => defined(elementAt(r.rounds, -1).repaired);
const maskedOf = (r: PruneResult): number => defined(r.masked).loss;
const differences = (results: readonly PruneResult[], of: Way['of']): number[] =>
  results.map((r) => of(r) - losaOf(r));

function rows(results: readonly PruneResult[]): string[][] {
  const { rounds, wanda, masked } = elementAt(results, 0);
  const last = elementAt(rounds, -1);
  const ways: Way[] = [
    { name: 'Wanda alone', zeros: defined(wanda).zeros, of: (r) => defined(r.wanda).loss },
    {
      name: `LoSA, mean rank ${last.meanRank} at the end`,
      zeros: summarise(last.zeros).mean,
      of: losaOf,
    },
    {
      name: `Wanda, then masked LoRA of rank ${defined(masked).rank}`,
      zeros: defined(masked).zeros,
      of: maskedOf,
    },
  ];
  return [
    ['method', 'zeros', 'loss', '95 %', 'minus LoSA', '95 %'],
    ...ways.map(({ name, zeros, of }) => {
      const apart = differences(results, of);
      const itself = of === losaOf;
      const losses = results.map(of);
      return [
        name,
        `${(100 * zeros).toFixed(1)} %`,
        figure(summarise(losses).mean),
        range(interval95(losses)),
        itself ? '' : figure(summarise(apart).mean, true),
        itself ? '' : range(interval95(apart), true),
      ];
    }),
  ];
}

/** Reports whether the paired difference to LoSA is significant. */
function verdict(sparsity: number, apart: readonly number[]): string {
  const interval = interval95(apart);
  const parts = interval !== null && (interval.high < 0 || interval.low > 0);
  const by = Math.abs(summarise(apart).mean).toFixed(3);
  return `At ${100 * sparsity} % zeros ${!parts ? `the difference between LoSA and masked LoRA is not significant (${apart.length} seeds).` : `${interval.high < 0 ? 'masked LoRA is below LoSA' : 'LoSA is below masked LoRA'} by ${by} nats per token (${apart.length} seeds).`}`;
}
