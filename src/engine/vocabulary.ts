/**
 * Logits and their distances, chunk by chunk of the vocabulary.
 *
 * The product is linear: the distance of two logit sets is Σ_v |(h₁ − h₂) · W_v|, one product for a pair of draws. Over a
 * sample of n of the V tokens the sum is scaled by V/n, which keeps it unbiased.
 */
import type { Backend, DeviceTensor, Session } from './backend.ts';
import type { VocabularySample } from './engine.ts';
import type { Visit } from './head.ts';
import { chunkInputs, vocabularyProduct } from './graphs.ts';
import type { HeadFeeds } from './head-adapter.ts';
import type { Chunk, VocabularyChunks } from './vocabulary-chunks.ts';

export class Vocabulary {
  private readonly backend: Backend;
  private readonly chunks: VocabularyChunks;
  private readonly sessions = new Map<string, Promise<Session>>();

  constructor(backend: Backend, chunks: VocabularyChunks) {
    this.backend = backend;
    this.chunks = chunks;
  }

  /** Logits of `rows` of `h` [rows, hidden], through the product's adapter if given, chunk by chunk: `visit(first token, width, [rows, width])`. */
  async logits(h: Float32Array, visit: Visit, adapter?: HeadFeeds): Promise<void> {
    const { backend, chunks: { head, bias } } = this, rows = h.length / head.hidden;
    const input = backend.upload('float32', [rows, head.hidden], new Uint8Array(h.buffer, h.byteOffset, h.byteLength));
    try {
      for (const chunk of this.chunks.all()) {
        const out = await this.product(input, chunk, { adapter }), logits = await backend.read(out);
        out.dispose();
        if (bias) for (let r = 0; r < rows; r++) for (let v = 0; v < chunk.width; v++) logits[r * chunk.width + v]! += bias[chunk.first + v]!;
        visit(chunk.first, chunk.width, logits);
      }
    } finally {
      input.dispose();
    }
  }

  /** Per probe: Σ over its rows of `difference` [rows, hidden] and over the vocabulary of |difference · W_v|. */
  async distance(difference: DeviceTensor, probes: number, sample?: VocabularySample): Promise<Float64Array> {
    const { backend, chunks: { head } } = this, partly = sample !== undefined && sample.size > 0 && sample.size < head.vocab;
    const chunks = partly ? this.chunks.sample(sample) : this.chunks.all();
    const sums = backend.zeros([difference.dims[0]!]);
    try {
      for (const [i, chunk] of chunks.entries()) {
        const out = await this.product(difference, chunk, { reduce: backend.fusedHead });
        await backend.rowSums(out, null, sums, i === 0);
        out.dispose();
      }
      const values = await backend.probeSums(sums, probes);
      return partly ? values.map((v) => v * (head.vocab / sample.size)) : values;
    } finally {
      sums.dispose();
    }
  }

  async dispose(): Promise<void> {
    for (const session of this.sessions.values()) await (await session).dispose();
  }

  private async product(h: DeviceTensor, chunk: Chunk, { reduce = false, adapter }: { reduce?: boolean; adapter?: HeadFeeds | undefined }): Promise<DeviceTensor> {
    const adapted = adapter !== undefined, key = `${chunk.width} ${reduce} ${adapted}`;
    let session = this.sessions.get(key);
    if (!session) {
      session = this.backend.session(vocabularyProduct(this.chunks.format, this.chunks.head.hidden, chunk.width, { reduce, adapted }), 'the vocabulary product');
      this.sessions.set(key, session);
    }
    const feeds = new Map([['h', h], ...adapter?.(chunk) ?? []]);
    chunk.weights.forEach((w, i) => feeds.set(chunkInputs[i]!, w));
    return (await (await session).run(feeds)).get('y')!;
  }
}
