/**
 * Computes logits and their distances in chunks of the vocabulary.
 *
 * The projection is linear: the distance of two logit sets is Σ_v |(h₁ − h₂) · W_v|, one product
 * per pair of draws. Over a sample of n of the V tokens the sum is scaled by V/n, which makes it
 * unbiased. If the logits of all rows and a chunk exceed the largest tensor (WebGPU guarantees only
 * 128 MiB), rows run in parts.
 */
import { defined, elementAt } from '../../checked.ts';
import type { Backend, DeviceTensor, Session } from '../backends/backend.ts';
import type { VocabularySample } from '../engine.ts';
import type { Visit } from './head.ts';
import { chunkInputs, vocabularyProduct } from './vocabulary-product.ts';
import type { HeadFeeds } from './head-adapter.ts';
import { rowParts } from '../memory.ts';
import type { Chunk, VocabularyChunks } from './vocabulary-chunks.ts';

export class Vocabulary {
  private readonly backend: Backend;
  private readonly chunks: VocabularyChunks;
  private readonly sessions = new Map<string, Promise<Session>>();

  constructor(backend: Backend, chunks: VocabularyChunks) {
    this.backend = backend;
    this.chunks = chunks;
  }

  /**
   * Logits of `h` [rows, hidden] in chunks, through the head's adapter if given:
   * `visit(first token, width, [rows, width])`.
   */
  async logits(h: Float32Array, visit: Visit, adapter?: HeadFeeds): Promise<void> {
    const {
      backend,
      chunks: { head, bias },
    } = this;
    const rows = h.length / head.hidden;
    const parts = this.parts(rows, this.chunks.all());
    const inputs = parts.map(([first, count]) => {
      const own = h.subarray(first * head.hidden, (first + count) * head.hidden);
      return backend.upload(
        'float32',
        [count, head.hidden],
        new Uint8Array(own.buffer, own.byteOffset, own.byteLength),
      );
    });
    try {
      for (const chunk of this.chunks.all()) {
        const logits = new Float32Array(rows * chunk.width);
        for (const [i, [first]] of parts.entries()) {
          const out = await this.product(elementAt(inputs, i), chunk, { adapter });
          logits.set(await backend.read(out), first * chunk.width);
          out.dispose();
        }
        if (bias)
          for (let r = 0; r < rows; r++)
            for (let v = 0; v < chunk.width; v++)
              logits[r * chunk.width + v]! += bias[chunk.first + v]!;
        visit(chunk.first, chunk.width, logits);
      }
    } finally {
      for (const input of inputs) input.dispose();
    }
  }

  /**
   * Per probe: Σ over its rows of `difference` [rows, hidden] and over the vocabulary of
   * |difference · W_v|.
   */
  async distance(
    difference: DeviceTensor,
    probes: number,
    sample?: VocabularySample,
  ): Promise<Float64Array> {
    const {
      backend,
      chunks: { head },
    } = this;
    const partly = sample !== undefined && sample.size > 0 && sample.size < head.vocab;
    const chunks = partly ? this.chunks.sample(sample) : this.chunks.all();
    const rows = difference.dims[0]!;
    const sums = backend.zeros([rows]);
    const parts = this.parts(rows, chunks);
    try {
      if (parts.length === 1) await this.rowSums(difference, chunks, sums);
      else {
        for (const [first, count] of parts) {
          const own = backend.slice(difference, first, count);
          const of = backend.zeros([count]);
          await this.rowSums(own, chunks, of);
          backend.copy(of, sums, first);
          for (const used of [own, of]) used.dispose();
        }
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

  private parts(rows: number, chunks: readonly Chunk[]): [first: number, count: number][] {
    return rowParts(rows, elementAt(chunks, 0).width, this.backend.largestTensor);
  }

  /** Σ_v |difference · W_v| of every row. */
  private async rowSums(
    difference: DeviceTensor,
    chunks: readonly Chunk[],
    sums: DeviceTensor,
  ): Promise<void> {
    const { backend } = this;
    for (const [i, chunk] of chunks.entries()) {
      const out = await this.product(difference, chunk, { reduce: backend.fusedHead });
      await backend.rowSums(out, null, sums, i === 0);
      out.dispose();
    }
  }

  private async product(
    h: DeviceTensor,
    chunk: Chunk,
    { reduce = false, adapter }: { reduce?: boolean; adapter?: HeadFeeds | undefined },
  ): Promise<DeviceTensor> {
    const adapted = adapter !== undefined;
    const key = `${chunk.width} ${reduce} ${adapted}`;
    let session = this.sessions.get(key);
    if (!session) {
      session = this.backend.session(
        vocabularyProduct(this.chunks.format, this.chunks.head.hidden, chunk.width, {
          reduce,
          adapted,
        }),
        'the vocabulary product',
      );
      this.sessions.set(key, session);
    }
    const feeds = new Map([['h', h], ...(adapter?.(chunk) ?? [])]);
    chunk.weights.forEach((w, i) => feeds.set(elementAt(chunkInputs, i), w));
    return defined((await (await session).run(feeds)).get('y'));
  }
}
