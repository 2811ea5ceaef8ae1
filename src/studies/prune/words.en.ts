/** The prune study's words in English. */
import type { PruneDoing, PruneFinding, StoredForm } from './state.ts';
import { numbers } from '../../language/numbers.ts';

const n = numbers('en');
const nats = (v: number) => n.fixed(v, 3);
const percent = (share: number) => `${n.short(100 * share)}\u00a0%`;
const megabytes = (bytes: number) => `${n.fixed(bytes / 1e6, 1)} MB`;
const formNames = { float32: 'float32', sparse: 'a sparse file', int4: '4 bits' };

export const pruneEn = {
  views: {
    label: 'Show',
    rounds: 'Rounds',
    loss: 'Loss',
    similarity: 'Similarity',
    errors: 'Error',
  },
  titles: {
    rounds: 'Sparsity and ranks by round',
    loss: 'Loss by round',
    similarity: 'Similarity of the layers’ inputs',
    errors: 'Reconstruction error by layer',
  },
  units: {
    rounds: 'fill: sparsity; numeral: rank of the layer’s modules',
    loss: 'held-out loss, nats per token',
    similarity: (low: number) =>
      `normalised HSIC of two layers’ inputs; shades from ${n.short(low)} to 1`,
    errors: 'squared error of the layer’s output, relative to the dense output',
  },
  empty: (rounds: number) =>
    `${n.whole(rounds)} ${rounds === 1 ? 'round' : 'rounds'} of pruning, rank allocation and fine-tuning.`,
  emptyNote: (sparsity: number, steps: number) =>
    `Play prunes ${percent(sparsity)} of the weights and fine-tunes the model in ${n.whole(steps)} steps.`,
  running: 'The finding appears after the last round.',
  interrupted: 'The run is incomplete. Play resumes after the last complete round.',
  doing: ({ what, round, done, of }: PruneDoing): string =>
    ({
      prepare: 'Evaluating the dense model.',
      prune: `Round ${n.whole(round)}: pruned ${n.whole(done)} of ${n.whole(of)} layers.`,
      judge: `Round ${n.whole(round)}: evaluating the pruned model.`,
      repair: `Round ${n.whole(round)}: fine-tuning, step ${n.whole(done)} of ${n.whole(of)}.`,
      wanda: `Baseline, Wanda alone: ${n.whole(done)} of ${n.whole(of)} layers.`,
      masked: `Baseline, Wanda and masked LoRA: step ${n.whole(done)} of ${n.whole(of)}.`,
      lora: `Baseline, Wanda and plain LoRA: step ${n.whole(done)} of ${n.whole(of)}.`,
      store: `Quantising to 4 bits, ${n.whole(done)} of ${n.whole(of)} modules.`,
    })[what],
  finding: ({ zeros, losa, withoutZeros: free, pending }: PruneFinding): string => {
    const own = `LoSA with ${percent(zeros)} zeros ends at ${nats(losa)} nats`;
    if (free === null)
      return pending
        ? `${own}; LoRA without zeros is still to be trained.`
        : `${own}. LoRA without zeros was not trained, so the cost of the zeros is unknown.`;
    return nats(free) === nats(losa)
      ? `${own}, as LoRA without zeros does.`
      : `${own}, LoRA without zeros at ${nats(free)}: ${nats(Math.abs(losa - free))} ${free < losa ? 'lower' : 'higher'}.`;
  },
  note: ({ zeros, dense, masked }: PruneFinding): string =>
    `${masked === null ? '' : `One-shot pruning and masked LoRA, ${percent(zeros)} zeros: ${nats(masked)}. `}The dense model, which was not trained on this text: ${nats(dense)}. One seed: not conclusive.`,
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
    repaired: 'fine-tuned',
    dense: 'dense',
    c: 'share c',
    importance: 'importance',
  },
  legend: { pruned: 'just pruned', repaired: 'fine-tuned', dense: 'dense' },
  cell: (zeros: number, rank: number | null) =>
    `${percent(zeros)} zeros${rank === null ? '' : `, rank ${n.whole(rank)}`}`,
  ways: {
    title: 'All methods',
    columns: {
      way: 'method',
      zeros: 'zeros',
      loss: 'loss',
      perplexity: 'perplexity',
      size: 'linear layers',
    },
    dense: 'Dense model',
    losa: 'LoSA',
    int4: 'LoSA, 4 bits',
    sparse: 'LoSA, sparse file',
    wanda: 'Wanda alone',
    maskedLora: (rank: number) => `Wanda, masked LoRA r ${n.whole(rank)}`,
    merged: (rank: number) => `LoRA without zeros, r ${n.whole(rank)}`,
    masked: 'the same, masked afterwards',
    mergedNote: 'LoRA without zeros starts from Wanda’s weights; merging it fills the zeros.',
  },
  nats,
  percent,
  perplexity: (v: number) => n.significant(v),
  megabytes,
  files: {
    'onnx/model.onnx': 'model, float',
    'onnx/model_q4.onnx': 'model, 4 bits',
    'weights.safetensors': 'weights',
    'adapter.safetensors': 'adapters',
    'mask.safetensors': 'masks',
  },
  sizeNote: (file: number, stored: readonly Pick<StoredForm, 'form' | 'bytes'>[]) => {
    // Only the sparse form is smaller because of zeros; 4 bits are as small without them.
    const sparse = stored.find((f) => f.form === 'sparse')?.bytes ?? Infinity;
    const time = 'Zeros save no time here: the browser multiplies them like other numbers.';
    if (stored.length === 0) return time;
    const forms = stored.map((f) => `${formNames[f.form]} ${megabytes(f.bytes)}`).join(', ');
    return `${time} ${sparse >= file ? 'Nor do they save space' : 'They save space'}: the file’s linear layers take ${megabytes(file)}; pruned, ${forms}.`;
  },
  settings: {
    sparsity: 'Sparsity',
    rounds: 'Rounds',
    score: 'Pruning criterion',
    wanda: '|W| · ‖x‖ (Wanda)',
    magnitude: '|W| alone',
    pattern: 'Pattern',
    unstructured: 'anywhere in a row',
    '2:4': '2 of every 4 retained',
    '4:8': '4 of every 8 retained',
    beta: 'β of similarity',
    meanRank: 'Mean rank, round 1',
    mostRank: 'Maximum rank',
    rankBy: 'Ranks by',
    error: 'error (authors’ code)',
    rmi: 'similarity (paper)',
    samples: 'Calibration sequences',
    baselines: 'Baselines',
    with: 'Wanda; Wanda with masked, with plain LoRA',
    without: 'none',
  },
  why: {
    pattern: 'An N:M pattern fixes the sparsity.',
    meanRank: 'The mean rank grows by one each round.',
    beta: 'How much more a layer similar to the others is pruned: exp(−β c).',
  },
};

export type PruneWords = typeof pruneEn;
