/**
 * Tests that every backend must pass: noise product, differences and vocabulary distance against
 * plain loops.
 */
import { expect, it } from 'vitest';
import type { VocabularyHead } from '../../compiler/compiled.ts';
import { fillNormal, mix, streamKeys } from '../../device/random.ts';
import * as twins from '../../device/twins.ts';
import { dequantise } from '../../model/weights.ts';
import type { Backend, DeviceTensor } from './backend.ts';
import { Vocabulary } from '../head/vocabulary.ts';
import { sampleTokens, VocabularyChunks } from '../head/vocabulary-chunks.ts';

export const numbers = (length: number, seed: number) =>
  fillNormal(streamKeys(seed, 0, 0), new Float32Array(length));
export const bytes = (x: Float32Array) => new Uint8Array(x.buffer, x.byteOffset, x.byteLength);
const noise = (length: number, seed: number) =>
  Uint8Array.from({ length }, (_, i) => mix(seed * 1_000_003 + i));

/** Largest difference relative to the largest value. */
export function error(got: ArrayLike<number>, want: ArrayLike<number>): number {
  let worst = 0;
  let top = 0;
  for (let i = 0; i < want.length; i++) {
    worst = Math.max(worst, Math.abs(want[i]! - got[i]!));
    top = Math.max(top, Math.abs(want[i]!));
  }
  return got.length === want.length ? worst / top : Infinity;
}

/**
 * Small heads in every stored form. If `hidden` is not a multiple of 32, the last block is partly
 * padding.
 */
export function heads(hidden = 40): [string, VocabularyHead][] {
  const vocab = 100;
  const blocks = Math.ceil(hidden / 32);
  const rows = numbers(vocab * hidden, 9);
  const base = { vocab, hidden, transposed: false, bias: null, nonlinearAfter: false };
  const float = { name: 'w', type: 'float32' as const, dims: [vocab, hidden], bytes: bytes(rows) };
  const columns = Float32Array.from(
    { length: vocab * hidden },
    (_, i) => rows[(i % vocab) * hidden + Math.floor(i / vocab)]!,
  );
  const packed = {
    name: 'q',
    type: 'uint8' as const,
    dims: [vocab, blocks, 16],
    bytes: noise(vocab * blocks * 16, 1),
  };
  const scales = {
    name: 's',
    type: 'float32' as const,
    dims: [vocab * blocks],
    bytes: bytes(numbers(vocab * blocks, 3)),
  };
  const zeros = {
    name: 'z',
    type: 'uint8' as const,
    dims: [vocab * Math.ceil(blocks / 2)],
    bytes: noise(vocab * Math.ceil(blocks / 2), 2),
  };
  return [
    ['float32', { ...base, format: { kind: 'float32' }, tensors: [float] }],
    [
      'float32 transposed',
      {
        ...base,
        transposed: true,
        format: { kind: 'float32' },
        tensors: [{ ...float, bytes: bytes(columns) }],
      },
    ],
    [
      '4 bits',
      {
        ...base,
        format: { kind: 'nbits', bits: 4, block: 32, zeroPoints: false },
        tensors: [packed, scales],
      },
    ],
    [
      '4 bits with zero points',
      {
        ...base,
        format: { kind: 'nbits', bits: 4, block: 32, zeroPoints: true },
        tensors: [packed, scales, zeros],
      },
    ],
  ];
}

/** Registers the tests of one backend. */
export function backendSuite(b: Backend): void {
  const put = (data: Float32Array, ...dims: number[]): DeviceTensor =>
    b.upload('float32', dims, bytes(data));

  it('adds the noise product to the right rows and columns', async () => {
    const target = { tokens: 6, inFeatures: 45, outFeatures: 10, column: 3, stride: 16 };
    const slots = [
      { keys: streamKeys(1, 2, 3), std: 0.5, row: 6, bias: false },
      { keys: streamKeys(1, 2, 4), std: 0.5, row: 12, bias: true },
    ];
    const x = numbers(6 * 45, 1);
    const y = numbers(18 * 16, 2);
    const device = put(y.slice(), 3, 6, 16);
    await b.noiseProduct(put(x, 1, 6, 45), device, target, slots);
    twins.noiseProduct(x, y, target, slots);
    expect(error(await b.read(device), y)).toBeLessThan(2e-6);
  });

  it('repeats, slices and subtracts entries', async () => {
    const h = numbers(3 * 8, 1);
    const clean = numbers(8, 2);
    const pairs = new Uint32Array([2, 0, 1, twins.CLEAN]);
    const device = put(h, 3, 2, 4);
    const difference = b.pairDifference(device, put(clean, 1, 2, 4), pairs);
    expect(difference.dims).toEqual([4, 4]);
    expect(await b.read(difference)).toEqual(twins.pairDifference(h, clean, pairs, 8));
    expect(await b.read(b.slice(device, 1, 2))).toEqual(h.slice(8));
    expect(await b.read(b.repeat(put(clean, 1, 2, 4), 2))).toEqual(
      Float32Array.of(...clean, ...clean),
    );
  });

  it.each(heads())(
    'computes logits, distance and sampled distance with a %s head',
    async (_, head) => {
      const { vocab, hidden } = head;
      const rows = 6;
      const w = dequantise({
        ...head,
        rowOffset: 0,
        rows: vocab,
        inFeatures: hidden,
        outFeatures: vocab,
      });
      const h = numbers(rows * hidden, 5);
      const want = new Float32Array(rows * vocab);
      for (let r = 0; r < rows; r++)
        for (let v = 0; v < vocab; v++)
          for (let k = 0; k < hidden; k++)
            want[r * vocab + v]! += h[r * hidden + k]! * w[v * hidden + k]!;
      const chunks = new VocabularyChunks(b, head, 48);
      const vocabulary = new Vocabulary(b, chunks);
      const logits = new Float32Array(rows * vocab);
      await vocabulary.logits(h, (first, width, chunk) => {
        for (let i = 0; i < chunk.length; i++)
          logits[Math.floor(i / width) * vocab + first + (i % width)] = chunk[i]!;
      });
      expect(error(logits, want)).toBeLessThan(1e-5);

      const distance = (tokens: ArrayLike<number>) =>
        Float64Array.from({ length: 2 }, (_, p) => {
          let sum = 0;
          for (let r = 3 * p; r < 3 * p + 3; r++)
            for (const v of Array.from(tokens)) sum += Math.abs(want[r * vocab + v]!);
          return sum;
        });
      const difference = put(h, rows, hidden);
      const all = Uint32Array.from({ length: vocab }, (_, v) => v);
      const whole = await vocabulary.distance(difference, 2);
      expect(error(whole, distance(all))).toBeLessThan(1e-5);
      expect(await vocabulary.distance(difference, 2)).toEqual(whole);
      const sample = { size: 30, seed: 4 };
      expect(
        error(
          await vocabulary.distance(difference, 2, sample),
          distance(sampleTokens(vocab, sample)).map((d) => (d * vocab) / 30),
        ),
      ).toBeLessThan(1e-5);
      await vocabulary.dispose();
      chunks.dispose();
    },
  );
}
