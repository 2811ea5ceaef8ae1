/** The train study's words in English. */
import { numbers } from '../../language/numbers.ts';

const n = numbers('en');
const nats = (v: number) => n.fixed(v, 3);
const percent = (share: number) => `${n.fixed(100 * share, 1)}\u00a0%`;

export const trainEn = {
  curveTitle: 'Loss by rank',
  trainingTitle: 'Loss by training step',
  empty: (maxRank: number) => `One training run will serve ranks 1 to ${n.whole(maxRank)}.`,
  emptyNote: (steps: number) =>
    `Play trains one adapter for all ranks, ${n.whole(steps)} steps, then evaluates every rank.`,
  emptyLora: 'One training run will give a LoRA.',
  emptyNoteLora: (steps: number) =>
    `Play trains it, ${n.whole(steps)} steps, then evaluates it on held-out text.`,
  stepLora: (done: number, of: number) => `Step ${n.whole(done)} of ${n.whole(of)}.`,
  doing: {
    base: () => 'Preparing the weights.',
    training: (done: number, of: number) =>
      `Step ${n.whole(done)} of ${n.whole(of)}; each step draws the ranks that it trains.`,
    curve: (done: number, of: number) =>
      `Evaluated ${n.whole(done)} of ${n.whole(of)} ranks, without more training.`,
    separate: (done: number, of: number) =>
      `Training separate LoRAs, step ${n.whole(done)} of ${n.whole(of)}.`,
  },
  training: (loss: number) => `The last batch: ${nats(loss)} nats per token.`,
  trained: (loss: number, base: number) =>
    `Held-out loss ${nats(loss)}; without the adapter ${nats(base)}.`,
  hint: 'One seed and few steps: not conclusive.',
  judging: 'The finding appears when every rank is evaluated.',
  finding: (within: number, best: number) =>
    within === best
      ? `No rank below ${n.whole(best)} comes within 1 % of its loss.`
      : `Rank ${n.whole(within)} is within 1 % of rank ${n.whole(best)}, the best.`,
  worse: 'The adapter is not better than the model alone at any rank.',
  note: (base: number, knee: number) =>
    `Without an adapter ${nats(base)}; rank ${n.whole(knee)} reaches 95 % of the gain. One seed and few steps: not conclusive.`,
  unit: 'held-out loss, nats per token',
  trainingUnit: 'loss, nats per token',
  rankAxis: 'rank (log scale)',
  stepAxis: 'training step',
  columns: {
    rank: 'rank',
    loss: 'loss',
    above: 'above best',
    alone: 'LoRA alone',
    step: 'step',
    batch: 'batch',
    held: 'held-out',
  },
  legend: {
    within: 'smallest within 1 %',
    knee: 'knee',
    alone: 'LoRA trained alone',
    batch: 'each batch',
    held: 'held-out',
    heldMost: 'held-out, largest rank',
  },
  slider: 'Rank',
  sliderName: 'Rank in use',
  at: (rank: number, loss: number) => `rank ${n.whole(rank)}, loss ${nats(loss)}`,
  rank: (rank: number) => `Rank ${n.whole(rank)}`,
  loss: 'held-out loss',
  above: 'above the best',
  parameters: 'parameters',
  alone: 'LoRA alone',
  nats,
  percent,
  size: (count: number) => n.whole(count),
  memory: (bytes: number, perWeight: number, nf4: boolean) =>
    `Linear layers in memory${nf4 ? ', in NF4' : ''}: ${n.fixed(bytes / 1e6, 1)} MB, ${n.fixed(perWeight, 3)} bytes per weight.`,
  time: (seconds: string, ranks: number) =>
    `${n.whole(ranks)} ranks trained at once in ${seconds}.`,
  mapRanks: (maxRank: number) =>
    `Rank ${n.whole(maxRank)} is the rank of the largest module; other modules use the same fraction of theirs.`,
  text: {
    title: 'Text at this rank',
    write: (rank: number) => `Write at rank ${n.whole(rank)}`,
    base: 'Without adapter',
  },
  settings: {
    rank: 'Largest rank',
    ranks: 'Largest ranks by',
    base: 'Weights',
    mean: 'Largest rank, mean',
    start: 'Initial adapter',
    method: 'A step trains',
    lora: 'the whole adapter (LoRA)',
    full: 'all of ranks 1 to b',
    frozen: 'only rank b',
    draw: 'Ranks drawn',
    scale: 'Scale',
    fixed: 'the same at every rank',
    compare: 'Separate LoRAs, at ranks',
    compareHint: 'None, or several: 1, 4, 16. Each needs one more training run.',
  },
  why: {
    method:
      'For every rank (QDyLoRA), each step draws b. The authors’ script trains rank b only, which hardly learns in few steps, so here all ranks up to b train.',
    draw: 'Which ranks a step uses: 1 to b, with b drawn in each step.',
  },
};
