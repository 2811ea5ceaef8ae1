/** The SIMD kernel against its reference implementations. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { kernelThreads } from './noise-threads.node.ts';
import { fillNormal, mix, streamKeys, type StreamKeys } from './random.ts';
import { SimdNoise } from './simd-noise.ts';
import { noiseProduct, type NoiseSlot, type NoiseTarget } from './twins.ts';

const noise = new SimdNoise();
const numbers = (length: number, seed: number) =>
  fillNormal(streamKeys(seed, 0, 0), new Float32Array(length));
const both = (keys: StreamKeys, length: number) =>
  [
    noise.fill(keys, new Float32Array(length), 1),
    fillNormal(keys, new Float32Array(length)),
  ] as const;
/** Five float32 units in the last place. */
const CLOSE = 5 * 2 ** -23;
const apart = (got: Float32Array, want: Float32Array) =>
  got.reduce((worst, v, i) => Math.max(worst, Math.abs(v / want[i]! - 1)), 0);

describe('normals', () => {
  it('are those of the twin to a few units in the last place, in any number', () => {
    for (const length of [1, 7, 8, 20_001])
      expect(apart(...both(streamKeys(3, 5, length), length))).toBeLessThan(CLOSE);
    expect(noise.fill(streamKeys(1, 2, 3), new Float32Array(9), 0.5)).toEqual(
      noise.fill(streamKeys(1, 2, 3), new Float32Array(9), 1).map((z) => z * 0.5),
    );
  });

  it('hold at the ends of the uniform: the largest and the smallest radii', () => {
    const found = { low: 0, high: 0 };
    for (let b = 0; (found.low < 3 || found.high < 3) && b < 4_000_000; b++) {
      const keys = streamKeys(1, 1, b);
      const m = mix(mix(keys.k1) ^ keys.k2);
      if (m >= 1 << 14 && m <= 0xffffffff - (1 << 14)) continue;
      found[m < 1 << 14 ? 'low' : 'high']++;
      expect(apart(...both(keys, 2))).toBeLessThan(CLOSE);
    }
    expect(Math.min(found.low, found.high)).toBeGreaterThanOrEqual(3);
  });
});

/** Two threads besides this one. */
const threaded = new SimdNoise(kernelThreads(3));
afterAll(() => threaded.dispose());

describe.each([
  ['one thread', noise],
  ['three threads', threaded],
])('the product on %s', (_, kernel) => {
  const differ = (target: NoiseTarget, slots: readonly NoiseSlot[], rows: number) => {
    const x = numbers(target.tokens * target.inFeatures, 8);
    const want = numbers(rows * target.stride, 9);
    const got = want.slice();
    const before = want.slice();
    kernel.product(x, got, target, slots);
    noiseProduct(x, want, target, slots);
    const change = want.reduce((top, v, i) => Math.max(top, Math.abs(v - before[i]!)), 0);
    return want.reduce((worst, v, i) => Math.max(worst, Math.abs(v - got[i]!)), 0) / change;
  };
  const slot = (seed: number, row: number, bias = false): NoiseSlot => ({
    keys: streamKeys(seed, 4, 1),
    std: 0.3,
    row,
    bias,
  });

  it.each([
    ['even rows', { tokens: 8, inFeatures: 64, outFeatures: 24, column: 0, stride: 24 }],
    [
      'rows that begin in the middle of a pair',
      { tokens: 3, inFeatures: 45, outFeatures: 17, column: 5, stride: 40 },
    ],
    ['one of each', { tokens: 1, inFeatures: 1, outFeatures: 1, column: 2, stride: 3 }],
  ])('%s, several draws, with and without a bias', (_, target) => {
    expect(
      differ(
        target,
        [slot(1, 0), slot(2, target.tokens, true), slot(3, 3 * target.tokens)],
        5 * target.tokens,
      ),
    ).toBeLessThan(1e-6);
  });

  it('enough normals for every thread', () => {
    expect(
      differ(
        { tokens: 5, inFeatures: 301, outFeatures: 515, column: 3, stride: 520 },
        [slot(1, 0), slot(2, 5, true)],
        10,
      ),
    ).toBeLessThan(1e-6);
  });

  it('more outputs than are held at a time', () => {
    expect(
      differ(
        { tokens: 1100, inFeatures: 3, outFeatures: 1001, column: 0, stride: 1001 },
        [slot(1, 0, true)],
        1100,
      ),
    ).toBeLessThan(1e-6);
  });
});

it('threads compute the same bits as one thread', () => {
  const target = { tokens: 6, inFeatures: 577, outFeatures: 600, column: 0, stride: 600 };
  const x = numbers(target.tokens * target.inFeatures, 8);
  const [one, three] = [noise, threaded].map((kernel) => {
    const y = new Float32Array(target.tokens * target.stride);
    kernel.product(x, y, target, [{ keys: streamKeys(7, 1, 2), std: 0.1, row: 0, bias: true }]);
    return y;
  });
  expect(three).toEqual(one);
});

// In another process, because a caller that waits forever blocks its whole process.
it('a failing thread gives its error to the caller, and serves the next job', async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '-e', failing],
    { timeout: 60_000 },
  );
  expect(stdout.trim().split('\n')).toEqual([
    'memory access out of bounds',
    'memory access out of bounds',
    'memory access out of bounds',
    'ok',
  ]);
}, 70_000);

/** Calls that read beyond the memory: on a thread, on the caller, on all, and on none. */
const failing = `
  import { kernelThreads } from './src/device/noise-threads.node.ts';
  const threads = kernelThreads(3);
  const call = (x) => [1024, x, 8192, 1, 8, 32, 8, 0, 1, 2];
  for (const calls of [[4096, 4096, 1e9], [1e9, 4096, 4096], [1e9, 1e9, 1e9], [4096, 4096, 4096]])
    try {
      threads.run(calls.map(call));
      console.log('ok');
    } catch (error) {
      console.log(error.message);
    }
  threads.dispose();
`;
