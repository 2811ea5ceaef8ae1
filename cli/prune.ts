/**
 * A pruning on the command line: progress on stderr, the rounds and what they are worth on stdout,
 * the result with `--out`, and with `--out-model` a folder with the pruned export, its sparse
 * weights, and the adapters with their masks.
 */
import { defined, elementAt } from '../src/checked.ts';
import { columns } from '../src/studies/map/export.ts';
import type { PrunedParts } from '../src/studies/made-base.ts';
import { prunedFile } from '../src/studies/prune/export.ts';
import { PRUNED_FILES } from '../src/studies/prune/files.ts';
import { runPrune, type PruneEvent } from '../src/studies/prune/run.ts';
import {
  costOf,
  reducePrune,
  type PruneDoing,
  type PruneResult,
  type PruneState,
} from '../src/studies/prune/state.ts';
import type { ExperimentSpec } from '../src/experiment/spec.ts';
import { describeBytes } from '../src/model/figures.ts';
import type { LoadedModel } from '../src/runtime/load.ts';
import { writeModelFolder } from './model-folder.ts';
import type { Options } from './options.ts';
import { writeBytes } from './output.ts';
import { clearLine, line } from './progress.ts';
import { steps } from './stopping.ts';
import { openStudy, type StudyCommand } from './study.ts';

export const prune: StudyCommand = async (spec, options) => {
  const { state, parts, model } = await pruned(spec, options);
  const result = defined(state.result);
  const folder = options['out-model'];
  if (options.out !== undefined)
    await writeBytes(options.out, `${JSON.stringify(result, null, 1)}\n`);
  if (folder !== undefined) await save(folder, model, parts);
  console.log(pruneText(result));
  return 0;
};

/** A pruning to its end, or until `last` is told, with its progress on stderr. */
export async function pruned(
  spec: ExperimentSpec,
  options: Options,
  last: PruneEvent['type'] = 'done',
): Promise<{ state: PruneState; parts: PrunedParts; model: LoadedModel }> {
  const { context, model, keeper, dispose } = await openStudy(spec, options);
  let state: PruneState | null = null;
  let parts = null as PrunedParts | null;
  try {
    const checkpoint = await keeper('prune');
    for await (const event of steps(
      runPrune({
        ...context,
        checkpoint,
        keepBase: (base) => {
          if (base.kind === 'pruned') parts = base;
        },
      }),
      checkpoint,
    )) {
      state = reducePrune(state, event);
      if (state.doing) line(doingText(state.doing));
      if (event.type === last) break;
    }
  } finally {
    clearLine();
    await dispose();
  }
  return { state: defined(state), parts: defined(parts), model };
}

async function save(folder: string, model: LoadedModel, parts: PrunedParts): Promise<void> {
  async function* files() {
    for (const name of PRUNED_FILES) yield* await prunedFile(model, parts, name);
  }
  for (const [path, bytes] of await writeModelFolder(folder, files(), model.open))
    console.error(`${path}: ${describeBytes(bytes)}`);
}

const WHAT: Record<PruneDoing['what'], string> = {
  prepare: 'Judging the dense model',
  prune: 'Pruning blocks',
  judge: 'Judging',
  repair: 'Repairing',
  wanda: 'Wanda alone, blocks',
  masked: 'Wanda and masked LoRA, steps',
  lora: 'Wanda and plain LoRA, steps',
  store: 'Rounding to 4 bits',
};

const doingText = ({ what, round, done, of }: PruneDoing): string =>
  `${round > 0 ? `Round ${round}. ` : ''}${WHAT[what]}, ${done} of ${of}`;

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
/** Held-out loss and the perplexity it is. */
const loss = (nats: number): string =>
  `${nats.toFixed(4)} (perplexity ${Math.exp(nats).toFixed(2)})`;

/** The rounds, layer by layer, and every way to the same sparsity beside each other. */
export function pruneText(result: PruneResult): string {
  const { spec, dense, rounds, wanda, masked, lora, stored, layers } = result;
  const { prune: p, training } = spec;
  const found = costOf(result);
  const last = elementAt(rounds, -1);
  const time = rounds.reduce((ms, r) => ms + r.milliseconds, 0);
  return [
    `${p.rounds} rounds, ${training.steps} steps of ${training.batch} x ${training.length} tokens, learning rate ${training.learningRate}, by ${p.score}, ${p.pattern}, beta ${p.beta}, ranks by ${p.rankBy}. Training took ${(time / 1000).toFixed(1)} s.`,
    '',
    ...columns([
      [
        'round',
        'target',
        'pruned',
        'repaired',
        'mean rank',
        ...Array.from({ length: layers }, (_, l) => `L${l}`),
      ],
      ...rounds.map((r) => [
        String(r.round),
        percent(r.target),
        defined(r.pruned).toFixed(4),
        defined(r.repaired).toFixed(4),
        String(r.meanRank),
        ...defined(r.ranks).map((rank, l) => `${(100 * r.zeros[l]!).toFixed(1)}/${rank}`),
      ]),
    ]),
    'Under each layer: its zeros in percent / the rank of its modules.',
    '',
    ...columns([
      ['held-out loss, nats per token', ''],
      ['dense', loss(defined(dense).loss)],
      ['LoSA', loss(defined(last.repaired))],
      ...(wanda ? [[`Wanda alone, ${percent(wanda.zeros)} zeros`, loss(wanda.loss)]] : []),
      ...(masked
        ? [
            [
              `Wanda, then masked LoRA of rank ${masked.rank}, ${percent(masked.zeros)} zeros`,
              loss(masked.loss),
            ],
          ]
        : []),
      ...(lora
        ? [
            [
              `Wanda, then plain LoRA of rank ${lora.rank}, merged: ${percent(lora.zeros)} zeros`,
              loss(lora.merged),
            ],
            ['the same, kept to the mask', loss(lora.masked)],
          ]
        : []),
    ]),
    '',
    ...columns([
      ['linear layers stored as', 'bytes', 'loss'],
      ['the file', describeBytes(defined(dense).bytes), defined(dense).loss.toFixed(4)],
      ...stored.map((s) => [
        {
          float32: 'pruned, float32',
          sparse: 'pruned, bit mask and kept weights',
          int4: 'pruned, 4 bits again',
        }[s.form],
        describeBytes(s.bytes),
        s.loss.toFixed(4),
      ]),
    ]),
    ...(found
      ? [
          '',
          `${percent(found.zeros)} zeros ${found.cost >= 0 ? `cost ${found.cost.toFixed(3)} nats` : `and the training together gain ${(-found.cost).toFixed(3)} nats`} per token.`,
        ]
      : []),
    ...(masked
      ? [
          `The same zeros at one stroke with masked LoRA end ${Math.abs(masked.loss - defined(last.repaired)).toFixed(3)} nats ${masked.loss < defined(last.repaired) ? 'below' : 'above'} LoSA (one seed).`,
        ]
      : []),
  ].join('\n');
}
