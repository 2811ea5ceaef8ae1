/**
 * The generator: its numbers against the PyTorch references, the fast fill against the formula, and
 * statistical tests of the noise.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { defined } from '../checked.ts';
import { readSafetensors } from '../model/safetensors.ts';
import { float32View } from '../onnx/float16.ts';
import { hasShared, sharedPath } from '../../test/shared.ts';
import { fillNormal, fillSigns, mix, normal, streamKeys, uniform } from './random.ts';

const take = ({
  seed,
  a,
  b,
  length,
  first = 0,
}: {
  seed: number;
  a: number;
  b: number;
  length: number;
  first?: number;
}) => fillNormal(streamKeys(seed, a, b), new Float32Array(length), first);

describe('parity with the PyTorch references', () => {
  it('gives murmur3’s finaliser', () => {
    // Values of fmix32 in the reference implementation (smhasher).
    expect([mix(0), mix(1), mix(0xffffffff)]).toEqual([0, 0x514e28b7, 0x81f16f39]);
  });

  it('gives the first uniforms and normals of known streams', () => {
    expect((2 * uniform(streamKeys(1, 0, 0), 0) - 1) / Math.sqrt(576)).toBe(0.023887630813987926);
    const want = [
      0.011931446380913258, -0.0022131537552922964, -0.023551885038614273, -0.007745136972516775,
    ];
    want.forEach((w, i) =>
      expect(take({ seed: 1, a: 0, b: 1, length: 4 })[i]! * 0.02).toBeCloseTo(w, 8),
    );
  });

  it.skipIf(!hasShared)('gives whole adapter matrices of SmolLM2 bit for bit', () => {
    const { tensors } = readSafetensors(
      readFileSync(sharedPath('reference/smollm2/gradients.safetensors')),
      'gradients',
    );
    for (const [path, index] of [
      ['layers.0.self_attn.q_proj', 0],
      ['layers.14.mlp.down_proj', 104],
      ['layers.29.mlp.down_proj', 209],
    ] as const) {
      const tensor = (name: string) =>
        float32View(defined(tensors.get(`adapter.model.${path}.${name}`)).bytes);
      const b = tensor('B');
      const a = tensor('A');
      const inputs = a.length / 4;
      expect(
        take({ seed: 1, a: index, b: 1, length: b.length }).map(
          (z) => Math.fround(z) * Math.fround(0.02),
        ),
      ).toEqual(b);
      const u = streamKeys(1, index, 0);
      expect(
        Float32Array.from(
          { length: a.length },
          (_, i) => (2 * uniform(u, i) - 1) / Math.sqrt(inputs),
        ),
      ).toEqual(a);
    }
  });
});

it('fillSigns is +1 where the uniform number is below ½, and as often as not', () => {
  const keys = streamKeys(3, 0xfffffffd, 2);
  const count = 1 << 16;
  const signs = fillSigns(keys, new Float32Array(count), 70);
  signs.forEach((sign, i) => expect(sign === (uniform(keys, 70 + i) < 0.5 ? 1 : -1)).toBe(true));
  // Four standard errors of a fair coin.
  expect(Math.abs(signs.reduce((a, b) => a + b, 0))).toBeLessThan(4 * Math.sqrt(count));
});

describe('fillNormal', () => {
  const bits = new Int32Array(1);
  const value = new Float32Array(bits.buffer);
  const order = (x: number) => {
    value[0] = x;
    return bits[0]! < 0 ? -(bits[0]! & 0x7fffffff) : bits[0]!;
  };

  it('is within one unit in the last place of the formula', () => {
    const keys = streamKeys(3, 5, 7);
    const fast = fillNormal(keys, new Float32Array(1 << 18));
    let worst = 0;
    fast.forEach((z, i) => {
      worst = Math.max(worst, Math.abs(order(z) - order(normal(keys, i))));
    });
    expect(worst).toBeLessThanOrEqual(1);
  });

  it('holds at the ends of the uniform: the largest and the smallest radii', () => {
    // Streams whose first word is within 2^14 of either end, found by search.
    const found = { low: 0, high: 0 };
    for (let b = 0; (found.low < 3 || found.high < 3) && b < 4_000_000; b++) {
      const keys = streamKeys(1, 1, b);
      const m = mix(mix(keys.k1) ^ keys.k2);
      if (m >= 1 << 14 && m <= 0xffffffff - (1 << 14)) continue;
      found[m < 1 << 14 ? 'low' : 'high']++;
      const pair = fillNormal(keys, new Float32Array(2));
      for (const i of [0, 1])
        expect(Math.abs(order(pair[i]!) - order(normal(keys, i)))).toBeLessThanOrEqual(1);
    }
    expect(Math.min(found.low, found.high)).toBeGreaterThanOrEqual(3);
  });

  it('gives the same numbers from any first element, for any length', () => {
    const whole = take({ seed: 1, a: 2, b: 3, length: 40 });
    for (const [first, length] of [
      [0, 1],
      [1, 1],
      [1, 2],
      [3, 6],
      [4, 7],
      [7, 0],
      [39, 1],
    ] as const) {
      expect(take({ seed: 1, a: 2, b: 3, length, first })).toEqual(
        whole.slice(first, first + length),
      );
    }
    expect(fillNormal(streamKeys(1, 2, 3), new Float32Array(3), 1, 0.5)).toEqual(
      whole.slice(1, 4).map((z) => z * 0.5),
    );
  });
});

describe('the noise is noise', () => {
  const n = 1 << 18;
  // Five standard errors of a correlation of independent numbers.
  const tolerance = 5 / Math.sqrt(n);
  const correlation = (x: Float32Array, y: Float32Array) =>
    x.reduce((sum, v, i) => sum + v * y[i]!, 0) / x.length;

  it('has the moments of a standard normal', () => {
    for (const [seed, a, b] of [
      [0, 0, 0],
      [1, 104, 3],
      [12345, 7, 1000],
    ] as const) {
      const x = take({ seed, a, b, length: n });
      const moment = (p: number) => x.reduce((sum, v) => sum + v ** p, 0) / n;
      expect(Math.abs(moment(1))).toBeLessThan(tolerance);
      expect(Math.abs(moment(2) - 1)).toBeLessThan(tolerance * Math.sqrt(2));
      expect(Math.abs(moment(3))).toBeLessThan(tolerance * Math.sqrt(15));
      expect(Math.abs(moment(4) - 3)).toBeLessThan(tolerance * Math.sqrt(96));
    }
  });

  it('passes Kolmogorov–Smirnov against the normal distribution', () => {
    // Distances above 1.95/√n have probability 0.001. The seeds are fixed, so this is
    // deterministic.
    for (const seed of [1, 2, 3]) {
      const x = take({ seed, a: 9, b: 0, length: n }).sort();
      let distance = 0;
      x.forEach((v, i) => {
        const p = cumulative(v);
        distance = Math.max(distance, Math.abs(p - i / n), Math.abs(p - (i + 1) / n));
      });
      expect(distance).toBeLessThan(1.95 / Math.sqrt(n));
    }
  });

  it('neighbours, rows and the halves of a pair are uncorrelated, in value and in size', () => {
    const x = take({ seed: 1, a: 3, b: 0, length: n + 4096 });
    const squares = x.map((v) => v * v - 1);
    for (const lag of [1, 2, 3, 192, 576, 1024, 1536, 4096]) {
      expect(Math.abs(correlation(x.subarray(0, n), x.subarray(lag, lag + n)))).toBeLessThan(
        tolerance,
      );
      expect(
        Math.abs(correlation(squares.subarray(0, n), squares.subarray(lag, lag + n))),
      ).toBeLessThan(2 * tolerance);
    }
  });

  it('streams of neighbouring seeds, modules and draws are uncorrelated', () => {
    const base = take({ seed: 1, a: 10, b: 4, length: n });
    for (const [seed, a, b] of [
      [2, 10, 4],
      [0, 10, 4],
      [1, 11, 4],
      [1, 9, 4],
      [1, 10, 5],
      [1, 10, 3],
      [1, 4, 10],
    ] as const) {
      const other = take({ seed, a, b, length: n });
      expect(Math.abs(correlation(base, other))).toBeLessThan(tolerance);
      expect(
        Math.abs(
          correlation(
            base.map((v) => v * v - 1),
            other.map((v) => v * v - 1),
          ),
        ),
      ).toBeLessThan(2 * tolerance);
    }
  });
});

/** Φ(x), by Marsaglia's series. 1e-12 is accurate enough here. */
function cumulative(x: number): number {
  let sum = x;
  let term = x;
  for (let k = 3; Math.abs(term) > 1e-14 && k < 400; k += 2) {
    term *= (x * x) / k;
    sum += term;
  }
  return 0.5 + sum * Math.exp(-0.5 * x * x - 0.91893853320467274178);
}
