/**
 * Computes logits and their distances from the end of the residual stream. A plain projection needs
 * one product per pair and never all logits. A head with a nonlinearity after the projection
 * (soft-capping) needs the logits of both sides.
 */
import { defined } from '../../checked.ts';
import { AtlasError } from '../../errors.ts';
import type { CompiledModel } from '../../compiler/compiled.ts';
import { CLEAN } from '../../device/twins.ts';
import type { Backend, DeviceTensor } from '../backends/backend.ts';
import type { VocabularySample } from '../engine.ts';
import type { HeadFeeds } from './head-adapter.ts';
import { rowParts } from '../memory.ts';
import type { Pieces, Shape } from '../pieces/pieces.ts';
import { Vocabulary } from './vocabulary.ts';
import type { VocabularyChunks } from './vocabulary-chunks.ts';

/** Logits of some tokens: `[rows, width]` from token `first` on. */
export type Visit = (first: number, width: number, logits: Float32Array) => void;

export interface Head {
  /** The head's input, computed from `x` [batch, length, hidden]. Cached with a clean pass. */
  prepare(shape: Shape, x: DeviceTensor): Promise<DeviceTensor>;
  /**
   * Logits of all rows, or of `rows` in their order, in chunks of the vocabulary. Only a plain
   * projection takes an `adapter`.
   */
  logits(
    prepared: DeviceTensor,
    visit: Visit,
    rows?: readonly number[],
    adapter?: HeadFeeds,
  ): Promise<void>;
  /**
   * Per pair of entries of `x`: Σ over rows and vocabulary of |difference of logits|. `clean` is
   * the prepared input of the clean pass.
   */
  distances(
    clean: DeviceTensor,
    x: DeviceTensor,
    pairs: Uint32Array,
    sample?: VocabularySample,
  ): Promise<Float64Array>;
  dispose(): Promise<void>;
}

export function createHead(
  model: CompiledModel,
  backend: Backend,
  pieces: Pieces,
  chunks: VocabularyChunks,
): Head {
  return model.head.nonlinearAfter
    ? new NonlinearHead(model, backend, pieces)
    : new LinearHead(backend, pieces, chunks);
}

class LinearHead implements Head {
  private readonly backend: Backend;
  private readonly pieces: Pieces;
  private readonly vocabulary: Vocabulary;
  private readonly hidden: number;

  constructor(backend: Backend, pieces: Pieces, chunks: VocabularyChunks) {
    this.backend = backend;
    this.pieces = pieces;
    this.hidden = chunks.head.hidden;
    this.vocabulary = new Vocabulary(backend, chunks);
  }

  /** The final norm. */
  prepare(shape: Shape, x: DeviceTensor): Promise<DeviceTensor> {
    return this.pieces.head(shape, 'norm', x);
  }

  async logits(
    prepared: DeviceTensor,
    visit: Visit,
    rows?: readonly number[],
    adapter?: HeadFeeds,
  ): Promise<void> {
    const h = await this.backend.read(prepared);
    await this.vocabulary.logits(rows ? picked(h, this.hidden, rows) : h, visit, adapter);
  }

  async distances(
    clean: DeviceTensor,
    x: DeviceTensor,
    pairs: Uint32Array,
    sample?: VocabularySample,
  ): Promise<Float64Array> {
    const h = await this.prepare({ batch: x.dims[0]!, length: x.dims[1]! }, x);
    const difference = this.backend.pairDifference(h, clean, pairs);
    h.dispose();
    try {
      return await this.vocabulary.distance(difference, pairs.length / 2, sample);
    } finally {
      difference.dispose();
    }
  }

  dispose(): Promise<void> {
    return this.vocabulary.dispose();
  }
}

/** A nonlinear head treats every token separately, so rows can be grouped freely. */
class NonlinearHead implements Head {
  private readonly backend: Backend;
  private readonly pieces: Pieces;
  private readonly vocab: number;

  constructor({ vocab }: CompiledModel, backend: Backend, pieces: Pieces) {
    this.backend = backend;
    this.pieces = pieces;
    this.vocab = vocab;
  }

  /** Copies the residual stream. The logits of a long batch may exceed the largest tensor. */
  async prepare(_: Shape, x: DeviceTensor): Promise<DeviceTensor> {
    return this.backend.slice(x, 0, x.dims[0]!);
  }

  async logits(prepared: DeviceTensor, visit: Visit, rows?: readonly number[]): Promise<void> {
    const { backend, vocab } = this;
    const [sequences, length] = prepared.dims as [number, number];
    const all = rows ?? Array.from({ length: sequences * length }, (_, row) => row);
    const out = new Float32Array(all.length * vocab);
    for (const part of this.parts(sequences, length)) {
      // Skips parts without requested rows.
      const asked = all.flatMap((row, i) =>
        row >= part.first && row < part.first + part.count ? [{ row: row - part.first, i }] : [],
      );
      if (asked.length === 0) continue;
      const logits = await this.logitsOf(prepared, 0, part);
      const values = await backend.read(logits);
      logits.dispose();
      for (const { row, i } of asked)
        out.set(values.subarray(row * vocab, (row + 1) * vocab), i * vocab);
    }
    visit(0, vocab, out);
  }

  /**
   * Works on one part of the rows and one pair at a time, so at most three sets of logits exist:
   * both sides and the clean pass.
   */
  async distances(
    clean: DeviceTensor,
    x: DeviceTensor,
    pairs: Uint32Array,
    sample?: VocabularySample,
  ): Promise<Float64Array> {
    if (sample && sample.size > 0 && sample.size < this.vocab) {
      throw new AtlasError('operator', {
        where: 'The head',
        operator:
          'a nonlinearity after the vocabulary projection together with a sample of the vocabulary',
      });
    }
    const { backend } = this;
    const [sequences, length] = clean.dims as [number, number];
    const values = new Float64Array(pairs.length / 2);
    for (const part of this.parts(sequences, length)) {
      const sums = backend.zeros([part.count]);
      const own = pairs.includes(CLEAN) ? await this.logitsOf(clean, 0, part) : null;
      for (let p = 0; p < values.length; p++) {
        const second = pairs[2 * p + 1]!;
        const a = await this.logitsOf(x, pairs[2 * p]!, part, sequences);
        const b = second === CLEAN ? defined(own) : await this.logitsOf(x, second, part, sequences);
        await backend.rowSums(a, b, sums, true);
        values[p]! += (await backend.probeSums(sums, 1))[0]!;
        a.dispose();
        if (b !== own) b.dispose();
      }
      for (const used of [sums, own]) used?.dispose();
    }
    return values;
  }

  async dispose(): Promise<void> {}

  /**
   * Splits a batch's rows into parts whose logits fit into a tensor: whole sequences if one fits,
   * or else parts of a sequence.
   */
  private parts(
    sequences: number,
    length: number,
  ): { first: number; count: number; shape: Shape }[] {
    const { largestTensor } = this.backend;
    const { vocab } = this;
    const fits = 4 * vocab * length <= largestTensor;
    if (fits)
      return rowParts(sequences, vocab * length, largestTensor).map(([first, batch]) => ({
        first: first * length,
        count: batch * length,
        shape: { batch, length },
      }));
    return Array.from({ length: sequences }, (_, s) => s * length).flatMap((start) =>
      rowParts(length, vocab, largestTensor).map(([first, count]) => ({
        first: start + first,
        count,
        shape: { batch: 1, length: count },
      })),
    );
  }

  /** Logits of a part of entry `entry` of `x`. An entry has `sequences` sequences. */
  private async logitsOf(
    x: DeviceTensor,
    entry: number,
    { first, count, shape }: { first: number; count: number; shape: Shape },
    sequences = x.dims[0]!,
  ): Promise<DeviceTensor> {
    const [, length, hidden] = x.dims as [number, number, number];
    const flat = this.backend.view(x, 'float32', [x.dims[0]! * length, hidden]);
    const rows = this.backend.slice(flat, entry * sequences * length + first, count);
    const shaped = this.backend.view(rows, 'float32', [shape.batch, shape.length, hidden]);
    const logits = await this.pieces.head(shape, 'logits', shaped);
    for (const used of [shaped, rows, flat]) used.dispose();
    return logits;
  }
}

/** Rows `rows` of `x` [rows, width]. */
function picked(x: Float32Array, width: number, rows: readonly number[]): Float32Array {
  const out = new Float32Array(rows.length * width);
  rows.forEach((row, i) => out.set(x.subarray(row * width, (row + 1) * width), i * width));
  return out;
}
