/**
 * Tasks that evaluate a compression: questions with options, scored by the likelihood of the
 * options, or plain text, scored by the fraction of tokens predicted as most likely.
 */
import { elementAt } from '../../checked.ts';
import type {
  CleanPass,
  ScoringEngine,
  TokenBatch,
  TokenQuery,
  TrainingBatch,
} from '../../engine/engine.ts';

/** Token ids. Without options, every token of `ids` except the first is predicted. */
export interface Sample {
  ids: Int32Array;
  options: readonly Int32Array[];
  answer: number;
}

/** How the log-likelihoods of an option's tokens are combined. */
export type Scoring = 'sum' | 'mean';

export interface SampleScore {
  /** 1 or 0; for plain text, the fraction of correct tokens. */
  right: number;
  /** Negative log-likelihood of the answer in nats, summed over `tokens` tokens. */
  loss: number;
  tokens: number;
  /** The option with the best score; −1 for plain text. */
  chosen: number;
}

export interface Judged {
  accuracy: number;
  /** Nats per token. */ loss: number;
  samples: SampleScore[];
}

interface Batch {
  batch: TokenBatch;
  queries: TokenQuery[];
  owners: { sample: number; option: number }[];
}

export interface LaidOut {
  samples: readonly Sample[];
  scoring: Scoring;
  batches: Batch[];
}

/**
 * Arranges samples into batches of one shape, at most `rows` tokens each. Options that differ only
 * in their last token share a sequence.
 */
export function layOut(samples: readonly Sample[], scoring: Scoring, rows: number): LaidOut {
  const sequences: {
    ids: number[];
    queries: { at: number; token: number; sample: number; option: number }[];
  }[] = [];
  samples.forEach(({ ids, options }, sample) => {
    const known = new Map<string, (typeof sequences)[number]>();
    const ask = (all: number[], from: number, option: number) => {
      const seen = all.slice(0, -1);
      const key = seen.join();
      const sequence = known.get(key) ?? { ids: seen, queries: [] };
      if (!known.has(key)) sequences.push(sequence);
      known.set(key, sequence);
      for (let i = from; i < all.length; i++)
        sequence.queries.push({ at: i - 1, token: all[i]!, sample, option });
    };
    if (options.length === 0) ask([...ids], 1, 0);
    options.forEach((option, o) => ask([...ids, ...option], ids.length, o));
  });
  const length = sequences.reduce((max, s) => Math.max(max, s.ids.length), 2);
  const maxSequences = Math.max(1, Math.floor(rows / length));
  // Distribute the sequences evenly. The last batch is filled with unused sequences.
  const size = Math.ceil(sequences.length / Math.ceil(sequences.length / maxSequences));
  const batches: Batch[] = [];
  for (let first = 0; first < sequences.length; first += size) {
    const part = sequences.slice(first, first + size);
    const ids = new Int32Array(size * length);
    const queries: TokenQuery[] = [];
    const owners: Batch['owners'] = [];
    part.forEach((sequence, s) => {
      ids.set(sequence.ids, s * length);
      for (const { at, token, sample, option } of sequence.queries) {
        queries.push({ row: s * length + at, token });
        owners.push({ sample, option });
      }
    });
    batches.push({ batch: { ids, sequences: size, length }, queries, owners });
  }
  return { samples, scoring, batches };
}

/**
 * Training sequences are padded to multiples of this length, in tokens: few batch shapes, little
 * padding.
 */
const STRIDE = 4;

/**
 * The same samples as training batches, grouped by length. The tokens of the right answers are the
 * labels; wrong options are omitted.
 */
export function answersOf({ samples }: LaidOut, rows: number): TrainingBatch[] {
  const lengthOf = ({ ids, options: [own] }: Sample) =>
    STRIDE * Math.ceil((ids.length + (own?.length ?? 0) - 1) / STRIDE);
  const right = samples.map(({ ids, options, answer }) => ({
    ids,
    options: options.length === 0 ? [] : [elementAt(options, answer)],
    answer: 0,
  }));
  const alike = new Map<number, Sample[]>();
  for (const sample of right)
    alike.set(lengthOf(sample), [...(alike.get(lengthOf(sample)) ?? []), sample]);
  return [...alike]
    .sort(([a], [b]) => a - b)
    .flatMap(([, group]) =>
      layOut(group, 'sum', rows).batches.map(({ batch, queries }) => {
        const labels = new Int32Array(batch.ids.length).fill(-100);
        for (const { row, token } of queries) labels[row] = token;
        return { ...batch, labels };
      }),
    );
}

/** Accumulates the scores of the batches. */
export class Tally {
  private readonly of: LaidOut;
  private readonly likelihoods: Float64Array[];
  private readonly counts: Int32Array[];
  private readonly top: Int32Array;

  constructor(of: LaidOut) {
    this.of = of;
    this.likelihoods = of.samples.map(
      ({ options }) => new Float64Array(Math.max(1, options.length)),
    );
    this.counts = of.samples.map(({ options }) => new Int32Array(Math.max(1, options.length)));
    this.top = new Int32Array(of.samples.length);
  }

  async add(engine: ScoringEngine, batch: number, pass: CleanPass, layer: number): Promise<void> {
    const { queries, owners } = elementAt(this.of.batches, batch);
    const { logLikelihood, top } = await engine.scoreTokens(pass, queries, layer);
    owners.forEach(({ sample, option }, i) => {
      elementAt(this.likelihoods, sample)[option]! += logLikelihood[i]!;
      elementAt(this.counts, sample)[option]!++;
      this.top[sample]! += top[i]!;
    });
  }

  result(): Judged {
    const samples = this.of.samples.map(({ options, answer }, s): SampleScore => {
      const sums = elementAt(this.likelihoods, s);
      const counts = elementAt(this.counts, s);
      if (options.length === 0)
        return {
          right: this.top[s]! / counts[0]!,
          loss: -sums[0]!,
          tokens: counts[0]!,
          chosen: -1,
        };
      const scores = this.of.scoring === 'mean' ? sums.map((v, o) => v / counts[o]!) : sums;
      const chosen = scores.indexOf(Math.max(...scores));
      return {
        right: chosen === answer ? 1 : 0,
        loss: -sums[answer]!,
        tokens: counts[answer]!,
        chosen,
      };
    });
    const sum = (f: (s: SampleScore) => number) => samples.reduce((total, s) => total + f(s), 0);
    return {
      accuracy: sum((s) => s.right) / samples.length,
      loss: sum((s) => s.loss) / sum((s) => s.tokens),
      samples,
    };
  }
}

/** Chance accuracy: the mean of one over the number of options; 0 for plain text. */
export const chanceOf = (samples: readonly Sample[]): number =>
  samples.reduce((sum, { options }) => sum + (options.length > 0 ? 1 / options.length : 0), 0) /
  samples.length;
