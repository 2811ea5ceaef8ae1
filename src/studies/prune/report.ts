/** Prints a pruning run in the terminal: the rounds and the resulting losses. */
import { defined, elementAt } from '../../checked.ts';
import { describeBytes } from '../../model/figures.ts';
import type { StudyOutput } from '../contract.ts';
import { columns } from '../map/export.ts';
import { findingOf, type PruneDoing, type PruneResult, type PruneState } from './state.ts';
import { pruneEn } from './words.en.ts';

export { pruneEvidence as evidence } from './digest.ts';

const WHAT: Record<PruneDoing['what'], string> = {
  prepare: 'Evaluating the dense model',
  prune: 'Pruning blocks',
  judge: 'Evaluating',
  repair: 'Fine-tuning',
  wanda: 'Wanda alone, blocks',
  masked: 'Wanda and masked LoRA, steps',
  lora: 'Wanda and plain LoRA, steps',
  store: 'Rounding to 4 bits',
};

const doingText = ({ what, round, done, of }: PruneDoing): string =>
  `${round > 0 ? `Round ${round}. ` : ''}${WHAT[what]}, ${done} of ${of}`;

export const output = ({ doing }: PruneState): StudyOutput =>
  doing ? { doing: doingText(doing) } : null;

export const text = ({ result }: PruneState): string => pruneText(defined(result));

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
/** Held-out loss and its perplexity. */
const loss = (nats: number): string =>
  `${nats.toFixed(4)} (perplexity ${Math.exp(nats).toFixed(2)})`;

/** The rounds layer by layer, and all methods in one table. */
export function pruneText(result: PruneResult): string {
  const { spec, dense, rounds, wanda, masked, lora, stored, layers } = result;
  const { prune: p, training } = spec;
  const found = findingOf(result);
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
        'fine-tuned',
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
    'Under each layer: zeros in percent / rank of its modules.',
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
              `LoRA without zeros: Wanda, then plain LoRA of rank ${lora.rank}, merged, ${percent(lora.zeros)} zeros`,
              loss(lora.merged),
            ],
            ['the same, with the mask applied', loss(lora.masked)],
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
          sparse: 'pruned, bit mask and retained weights',
          int4: 'pruned, requantised to 4 bits',
        }[s.form],
        describeBytes(s.bytes),
        s.loss.toFixed(4),
      ]),
    ]),
    pruneEn.sizeNote(defined(dense).bytes, stored),
    ...(found ? ['', `${pruneEn.finding(found)} ${pruneEn.note(found)}`] : []),
  ].join('\n');
}
