/** The prune study's words in English. */
import type { PruneDoing } from './state.ts';
import { numbers } from '../../language/numbers.ts';

const n = numbers('en');
const nats = (v: number) => n.fixed(v, 3);
const percent = (share: number) => `${n.short(100 * share)}\u00a0%`;

export const pruneEn = {
  views: {
    label: 'Show',
    rounds: 'Rounds',
    loss: 'Loss',
    similarity: 'Similarity',
    errors: 'Damage',
  },
  titles: {
    rounds: 'Zeros and ranks by round',
    loss: 'Loss by round',
    similarity: 'How alike the layers’ inputs are',
    errors: 'Reconstruction error by layer',
  },
  units: {
    rounds: 'fill: share of zeros; numeral: rank of the layer’s modules',
    loss: 'held-out loss, nats per token',
    similarity: (low: number) =>
      `normalised HSIC of two layers’ inputs; shades from ${n.short(low)} to 1`,
    errors: 'squared error behind the block, relative to the dense output',
  },
  empty: (rounds: number) =>
    `${n.whole(rounds)} ${rounds === 1 ? 'round' : 'rounds'} of prune, measure, tune.`,
  emptyNote: (sparsity: number, steps: number) =>
    `Play takes out ${percent(sparsity)} of the weights and repairs the rest in ${n.whole(steps)} steps.`,
  running: 'The finding appears after the last round.',
  interrupted: 'Stopped before its end. Play goes on after its last whole round.',
  doing: ({ what, round, done, of }: PruneDoing): string =>
    ({
      prepare: 'Judging the model as it is.',
      prune: `Round ${n.whole(round)}: pruned ${n.whole(done)} of ${n.whole(of)} layers.`,
      judge: `Round ${n.whole(round)}: judging what is left.`,
      repair: `Round ${n.whole(round)}: repairing, step ${n.whole(done)} of ${n.whole(of)}.`,
      wanda: `For comparison, Wanda alone: ${n.whole(done)} of ${n.whole(of)} layers.`,
      masked: `For comparison, Wanda and masked LoRA: step ${n.whole(done)} of ${n.whole(of)}.`,
      lora: `For comparison, Wanda and plain LoRA: step ${n.whole(done)} of ${n.whole(of)}.`,
      store: `Rounding to 4 bits, ${n.whole(done)} of ${n.whole(of)} modules.`,
    })[what],
  cost: (zeros: number, by: number) =>
    by >= 0
      ? `${percent(zeros)} zeros cost ${nats(by)} nats, repair included.`
      : `${percent(zeros)} zeros, repaired: ${nats(-by)} nats better than before.`,
  costNote: (gained: boolean): string =>
    gained
      ? 'The repair also teaches the new text, which the dense model never saw. One seed.'
      : 'One seed, few steps: a hint, not a verdict.',
  rival: (losa: number, masked: number) =>
    `Same zeros, one stroke and masked LoRA: ${nats(masked)}; LoSA: ${nats(losa)}.`,
  axis: {
    round: 'round',
    layer: 'layer (0 = first)',
    roundName: (round: number) => `round ${n.whole(round)}`,
    layerName: (layer: number) => `layer ${n.whole(layer)}`,
  },
  columns: {
    layer: 'layer',
    round: 'round',
    target: 'target %',
    zeros: 'zeros %',
    rank: 'rank',
    error: 'error',
    pruned: 'pruned',
    repaired: 'repaired',
    dense: 'dense',
    c: 'share c',
    importance: 'importance',
  },
  legend: { pruned: 'just pruned', repaired: 'repaired', dense: 'dense' },
  cell: (zeros: number, rank: number | null) =>
    `${percent(zeros)} zeros${rank === null ? '' : `, rank ${n.whole(rank)}`}`,
  ways: {
    title: 'Ways to the same share of zeros',
    columns: { way: 'way', zeros: 'zeros', loss: 'loss', perplexity: 'perplexity', size: 'layers' },
    dense: 'The model as it is',
    losa: 'LoSA',
    int4: 'LoSA, back to 4 bits',
    sparse: 'LoSA, sparse file',
    wanda: 'Wanda alone',
    maskedLora: (rank: number) => `Wanda, masked LoRA r ${n.whole(rank)}`,
    merged: (rank: number) => `Wanda, plain LoRA r ${n.whole(rank)} merged`,
    masked: 'the same, zeros kept',
  },
  nats,
  percent,
  perplexity: (v: number) => n.significant(v),
  megabytes: (bytes: number) => `${n.fixed(bytes / 1e6, 1)} MB`,
  files: {
    'onnx/model.onnx': 'model, float',
    'onnx/model_q4.onnx': 'model, 4 bits',
    'weights.safetensors': 'weights',
    'adapter.safetensors': 'adapters',
    'mask.safetensors': 'masks',
  },
  sizeNote: 'A browser multiplies zeros like any other number: sparsity saves room here, not time.',
  settings: {
    sparsity: 'Share of zeros',
    rounds: 'Rounds',
    score: 'Weights judged by',
    wanda: '|W| · ‖x‖ (Wanda)',
    magnitude: '|W| alone',
    pattern: 'Pattern',
    unstructured: 'anywhere in a row',
    '2:4': '2 of every 4 stay',
    '4:8': '4 of every 8 stay',
    beta: 'β of similarity',
    meanRank: 'Mean rank, round 1',
    mostRank: 'Largest rank',
    rankBy: 'Ranks follow',
    error: 'the damage (authors’ code)',
    rmi: 'similarity (paper’s words)',
    samples: 'Calibration sequences',
    baselines: 'Comparisons',
    with: 'Wanda; with masked, with plain LoRA',
    without: 'none',
  },
  why: {
    pattern: 'A pattern of N:M has a share of zeros of its own.',
    meanRank: 'It grows by one in every round.',
    beta: 'How strongly a layer that resembles the others is pruned more: exp(−β c).',
  },
};

export type PruneWords = typeof pruneEn;
