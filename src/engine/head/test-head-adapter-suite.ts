/**
 * Logits and losses through an adapter of the head against W + s·B·A in double precision, for every
 * stored form of the head. Runs on both providers.
 */
import { expect, it } from 'vitest';
import { crossEntropy } from '../../device/training-twins.ts';
import { dequantise, headWeight } from '../../model/weights.ts';
import type { Backend } from '../backends/backend.ts';
import { CrossEntropy } from './cross-entropy.ts';
import { HeadAdapter } from './head-adapter.ts';
import { bytes, error, heads, numbers } from '../backends/test-backend-suite.ts';
import { Vocabulary } from './vocabulary.ts';
import { VocabularyChunks } from './vocabulary-chunks.ts';

export function headAdapterSuite(backend: Backend): void {
  it.each(
    heads(64).map(
      ([name, head], i) => [`${name}${i % 2 ? ', bias' : ''}`, head, i % 2 === 1] as const,
    ),
  )(
    'an adapter of the head changes logits and losses by its product: %s',
    async (_, stored, withBias) => {
      const { vocab, hidden } = stored;
      const rows = 5;
      const rank = 3;
      const scale = 1.5;
      const bias = numbers(vocab, 6);
      const head = withBias
        ? {
            ...stored,
            bias: { name: 'bias', type: 'float32' as const, dims: [vocab], bytes: bytes(bias) },
          }
        : stored;
      const h = numbers(rows * hidden, 5);
      const labels = Int32Array.of(0, 47, -100, 48, vocab - 1);
      const loraA = numbers(rank * hidden, 7);
      const loraB = numbers(vocab * rank, 8);
      const input = backend.upload('float32', [rows, hidden], bytes(h));
      // All ranks, then the first two. Chunks of 48 of 100 tokens make three chunks, the last one
      // smaller.
      for (const [used, width] of [
        [rank, 48],
        [2, 48],
        [rank, vocab],
      ] as const) {
        const w = dequantise(headWeight(stored)).map((v, i) => {
          let sum = 0;
          for (let r = 0; r < used; r++)
            sum += loraB[Math.floor(i / hidden) * rank + r]! * loraA[r * hidden + (i % hidden)]!;
          return v + scale * sum;
        });
        const want = Float64Array.from({ length: rows * vocab }, (_, i) => {
          const row = Math.floor(i / vocab);
          const token = i % vocab;
          let sum = withBias ? bias[token]! : 0;
          for (let k = 0; k < hidden; k++) sum += h[row * hidden + k]! * w[token * hidden + k]!;
          return sum;
        });
        const chunks = new VocabularyChunks(backend, head, width);
        const vocabulary = new Vocabulary(backend, chunks);
        const loss = new CrossEntropy(backend, chunks);
        const adapter = new HeadAdapter(backend, { module: 0, rank, loraA, loraB }, hidden);
        const logits = new Float32Array(rows * vocab);
        const feeds = adapter.feeds(scale, used);
        await vocabulary.logits(
          h,
          (first, wide, chunk) => {
            for (let i = 0; i < chunk.length; i++)
              logits[Math.floor(i / wide) * vocab + first + (i % wide)] = chunk[i]!;
          },
          feeds,
        );
        expect(error(logits, want)).toBeLessThan(1e-5);
        const pass = await loss.forward(input, labels, feeds);
        const { losses } = crossEntropy({
          h,
          w,
          bias: withBias ? bias : null,
          labels,
          weights: new Float32Array(rows),
        });
        (await loss.losses(pass)).forEach((nll, r) =>
          expect(Math.abs(nll - losses[r]!)).toBeLessThan(1e-5 * (1 + losses[r]!)),
        );
        // The same objects without the adapter.
        const plain = await loss.forward(input, labels);
        expect(Math.abs((await loss.losses(plain))[0]! - losses[0]!)).toBeGreaterThan(0.1);
        for (const p of [pass, plain]) loss.release(p);
        adapter.dispose();
        await loss.dispose();
        await vocabulary.dispose();
        chunks.dispose();
      }
      input.dispose();
    },
  );
}
