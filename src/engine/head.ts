/**
 * From the end of the residual stream to distances between logits. Two kinds of head: a plain product, whose distances need
 * one product a pair and never all logits; and one with something nonlinear behind it (soft-capping), which needs both.
 */
import { AtlasError } from '../errors.ts';
import type { CompiledModel } from '../compiler/compiled.ts';
import { CLEAN } from '../device/twins.ts';
import type { Backend, DeviceTensor } from './backend.ts';
import type { DeviceAdapters } from './device-adapters.ts';
import type { AdapterUse, VocabularySample } from './engine.ts';
import type { HeadFeeds } from './head-adapter.ts';
import type { Pieces, Shape } from './pieces.ts';
import { Vocabulary } from './vocabulary.ts';
import type { VocabularyChunks } from './vocabulary-chunks.ts';

/** Logits of some tokens: `[rows, width]` from token `first` on. */
export type Visit = (first: number, width: number, logits: Float32Array) => void;

export interface Head {
  /** What of a stream the rest of the head works on; kept with a clean pass. `x` [batch, length, hidden]. */
  prepare(shape: Shape, x: DeviceTensor): Promise<DeviceTensor>;
  /** Logits of all rows, or of some in their order, in stretches of the vocabulary. Only a plain product has an `adapter`. */
  logits(prepared: DeviceTensor, visit: Visit, rows?: readonly number[], adapter?: HeadFeeds): Promise<void>;
  /** Per pair of entries of `x`: Σ over rows and vocabulary of |difference of logits|. `clean` is the clean pass's. */
  distances(clean: DeviceTensor, x: DeviceTensor, pairs: Uint32Array, sample?: VocabularySample): Promise<Float64Array>;
  dispose(): Promise<void>;
}

/** What the vocabulary product takes of the adapters in use, where one is of it. */
export const headFeeds = (use: AdapterUse | undefined): HeadFeeds | undefined => use && (use.adapters as DeviceAdapters).headFeeds(use);

export function createHead(model: CompiledModel, backend: Backend, pieces: Pieces, chunks: VocabularyChunks): Head {
  return model.head.nonlinearAfter ? new NonlinearHead(model, backend, pieces) : new LinearHead(backend, pieces, chunks);
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

  async logits(prepared: DeviceTensor, visit: Visit, rows?: readonly number[], adapter?: HeadFeeds): Promise<void> {
    const h = await this.backend.read(prepared);
    await this.vocabulary.logits(rows ? picked(h, this.hidden, rows) : h, visit, adapter);
  }

  async distances(clean: DeviceTensor, x: DeviceTensor, pairs: Uint32Array, sample?: VocabularySample): Promise<Float64Array> {
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

class NonlinearHead implements Head {
  private readonly backend: Backend;
  private readonly pieces: Pieces;
  private readonly vocab: number;

  constructor({ vocab }: CompiledModel, backend: Backend, pieces: Pieces) {
    this.backend = backend;
    this.pieces = pieces;
    this.vocab = vocab;
  }

  /** All logits. */
  prepare(shape: Shape, x: DeviceTensor): Promise<DeviceTensor> {
    return this.pieces.head(shape, 'logits', x);
  }

  async logits(prepared: DeviceTensor, visit: Visit, rows?: readonly number[]): Promise<void> {
    const all = await this.backend.read(prepared);
    visit(0, this.vocab, rows ? picked(all, this.vocab, rows) : all);
  }

  /** Entry by entry, so that the logits of two entries exist at a time. */
  async distances(clean: DeviceTensor, x: DeviceTensor, pairs: Uint32Array, sample?: VocabularySample): Promise<Float64Array> {
    if (sample && sample.size > 0 && sample.size < this.vocab) {
      throw new AtlasError('operator', { where: 'The head', operator: 'a nonlinearity behind the vocabulary product together with a sample of the vocabulary' });
    }
    const { backend } = this, sequences = clean.dims[0]!, length = clean.dims[1]!, values = new Float64Array(pairs.length / 2);
    const sums = backend.zeros([sequences * length]);
    const logitsOf = async (entry: number) => {
      const part = backend.slice(x, entry * sequences, sequences), logits = await this.prepare({ batch: sequences, length }, part);
      part.dispose();
      return logits;
    };
    for (let p = 0; p < values.length; p++) {
      const second = pairs[2 * p + 1]!, a = await logitsOf(pairs[2 * p]!), b = second === CLEAN ? clean : await logitsOf(second);
      await backend.rowSums(a, b, sums, true);
      values[p] = (await backend.probeSums(sums, 1))[0]!;
      a.dispose();
      if (b !== clean) b.dispose();
    }
    sums.dispose();
    return values;
  }

  async dispose(): Promise<void> {}
}

/** Rows `rows` of `x` [rows, width]. */
function picked(x: Float32Array, width: number, rows: readonly number[]): Float32Array {
  const out = new Float32Array(rows.length * width);
  rows.forEach((row, i) => out.set(x.subarray(row * width, (row + 1) * width), i * width));
  return out;
}
