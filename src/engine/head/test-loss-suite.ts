/**
 * Cross entropy and its gradient against a reference implementation in double precision, for every
 * stored form of the head. Runs on both providers.
 */
import { expect, it } from 'vitest';
import { crossEntropy } from '../../device/training-twins.ts';
import { dequantise } from '../../model/weights.ts';
import type { Backend } from '../backends/backend.ts';
import { CrossEntropy } from './cross-entropy.ts';
import { heads } from '../backends/test-backend-suite.ts';
import { VocabularyChunks } from './vocabulary-chunks.ts';

const bytesOf = (x: Float32Array) => new Uint8Array(x.buffer);

/**
 * `sizes` are values of hidden. Packed rows of 64 are read in place. Rows of 40 cannot be, so they
 * are widened before upload.
 */
export function lossSuite(backend: Backend, sizes: readonly number[] = [64, 40]): void {
  it.each(
    sizes
      .flatMap((hidden) => heads(hidden))
      .map(
        ([name, head], i) =>
          [`${name}, hidden ${head.hidden}${i % 2 ? ', bias' : ''}`, head, i % 2 === 1] as const,
      ),
  )(
    'the cross entropy of a %s head and its gradient match the definition',
    async (_, stored, withBias) => {
      const { vocab, hidden } = stored;
      const rows = 5;
      const wave = (n: number, scale: number) =>
        Float32Array.from({ length: n }, (_, i) => scale * Math.sin(1 + 1.7 * i));
      const bias = wave(vocab, 0.5);
      const head = withBias
        ? {
            ...stored,
            bias: { name: 'bias', type: 'float32' as const, dims: [vocab], bytes: bytesOf(bias) },
          }
        : stored;
      const w = dequantise({
        ...head,
        bias: null,
        rowOffset: 0,
        rows: vocab,
        inFeatures: hidden,
        outFeatures: vocab,
      });
      const h = wave(rows * hidden, 3);
      const labels = Int32Array.of(0, 47, -100, 48, vocab - 1);
      const weights = Float32Array.of(0.5, 0.25, 9, 1, 2);
      const { losses, gradient } = crossEntropy({
        h,
        w,
        bias: withBias ? bias : null,
        labels,
        weights,
      });
      const largest = gradient.reduce((m, g) => Math.max(m, Math.abs(g)), 0);
      const input = backend.upload('float32', [rows, hidden], bytesOf(h));
      // Chunks of 48 tokens: three chunks, the last one smaller. Then the vocabulary as one
      // chunk.
      for (const width of [48, vocab]) {
        const chunks = new VocabularyChunks(backend, head, width);
        const loss = new CrossEntropy(backend, chunks);
        const { pass, dh } = await loss.forwardAndGradient(input, labels, weights);
        const got = await backend.read(dh);
        (await loss.losses(pass)).forEach((own, r) =>
          expect(Math.abs(own - losses[r]!)).toBeLessThan(1e-5 * (1 + losses[r]!)),
        );
        got.forEach((g, i) => expect(Math.abs(g - gradient[i]!)).toBeLessThan(1e-5 * largest));
        expect(got.subarray(2 * hidden, 3 * hidden).every((g) => g === 0)).toBe(true);
        loss.release(pass);
        dh.dispose();
        await loss.dispose();
        chunks.dispose();
      }
      input.dispose();
    },
  );
}
