/**
 * NF4 with double quantisation: the CPU reference implementation against bitsandbytes' bytes, and
 * the WGSL kernels against it.
 */
import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defined, elementAt } from '../checked.ts';
import { hasShared, sharedPath } from '../../test/shared.ts';
import { DYNAMIC8, NF4 } from '../compiler/codebooks.ts';
import { readSafetensors, toFloat32 } from '../model/safetensors.ts';
import { decodeAbsmax, DYNAMIC_THRESHOLDS, quantiseNf4, thresholds } from './nf4.ts';
import { Nf4Kernels } from './nf4-kernels.ts';
import { fillNormal, streamKeys } from './random.ts';
import { testGpu } from './test-gpu.ts';

const normal = (count: number, seed: number, scale = 0.02) =>
  fillNormal(streamKeys(seed, 0, 0), new Float32Array(count), 0, scale);

/** `NF4[code] · absmax`, even index in the high nibble. */
const decoded = (packed: Uint8Array, absmax: Float32Array, count: number) =>
  Float32Array.from(
    { length: count },
    (_, i) => NF4[i & 1 ? packed[i >> 1]! & 15 : packed[i >> 1]! >> 4]! * absmax[i >> 6]!,
  );

const cases: [string, Float32Array][] = [
  ['a whole number of blocks', normal(64 * 300, 1)],
  ['an odd tail', normal(64 * 5 + 37, 2)],
  ['one weight', Float32Array.of(-3)],
  [
    'zeros, and a block of zeros',
    Float32Array.from(normal(64 * 6, 3), (w, i) => (i >> 6 === 2 || i % 3 === 0 ? 0 : w)),
  ],
  ['equal blocks', new Float32Array(64 * 300).fill(0.125)],
  ['sizes far apart', Float32Array.from(normal(64 * 40, 4), (w, i) => w * 10 ** ((i >> 6) - 20))],
  ['subnormal weights', new Float32Array(64).fill(1e-40)],
  [
    'powers of two and their neighbours',
    Float32Array.from(
      { length: 640 },
      (_, i) => (i % 2 ? -1 : 1) * 2 ** ((i % 64) - 32) * (1 + (i >> 6) * 2 ** -23),
    ),
  ],
];

describe('NF4 on the CPU', () => {
  it('chooses the nearest level, the lower at a tie', () => {
    expect([...thresholds(Float32Array.of(0, 1, 2))]).toEqual([0.5 + 2 ** -24, 1.5 + 2 ** -23]);
    for (const [i, t] of DYNAMIC_THRESHOLDS.entries())
      expect(Math.abs(t - (DYNAMIC8[i]! + DYNAMIC8[i + 1]!) / 2)).toBeLessThan(2e-7 * Math.abs(t));
    const w = normal(6400, 9);
    const { packed, absmax } = quantiseNf4(w);
    decoded(packed, absmax, w.length).forEach((got, i) => {
      const best = Math.min(...NF4.map((level) => Math.abs(level * absmax[i >> 6]! - w[i]!)));
      expect(Math.abs(got - w[i]!) - best).toBeLessThan(1e-8);
    });
  });

  it.each(cases)('keeps every value within half a step: %s', (_, w) => {
    const { packed, absmax, second } = quantiseNf4(w);
    const used = decodeAbsmax(second);
    expect(packed.length).toBe(Math.ceil(w.length / 2));
    if (w.length % 2) expect(elementAt(packed, -1) & 15).toBe(7);
    decoded(packed, absmax, w.length).forEach((got, i) =>
      expect(Math.abs(got - w[i]!)).toBeLessThanOrEqual(0.153 * absmax[i >> 6]! + 2 ** -126),
    );
    // The widest step of the dynamic map is 1.4 % of the largest distance from the mean.
    used.forEach((a, b) =>
      expect(Math.abs(a - absmax[b]!)).toBeLessThanOrEqual(
        7.2e-3 * second.largest[b >> 8]! + 1e-6 * Math.abs(a),
      ),
    );
    expect([...used].every(Number.isFinite)).toBe(true);
  });

  it('stores equal absmax values exactly', () => {
    const { absmax, second } = quantiseNf4(new Float32Array(256).fill(-0.125));
    expect(second).toEqual({
      codes: new Uint8Array(4),
      offset: 0.125,
      largest: Float32Array.of(0),
    });
    expect(decodeAbsmax(second)).toEqual(absmax);
  });
});

const gpu = await testGpu();
const reference = sharedPath('reference/smollm2/nf4.safetensors');

describe.skipIf(!gpu)('NF4 kernels against the CPU twin', () => {
  const { device } = defined(gpu);
  const kernels = new Nf4Kernels(device);
  afterAll(() => {
    kernels.dispose();
    device.destroy();
  });
  beforeEach(() => device.pushErrorScope('validation'));
  afterEach(async () => expect((await device.popErrorScope())?.message).toBeUndefined());

  it.each(cases)('every bit: %s', async (_, w) => {
    const got = await kernels.quantise(w);
    const want = quantiseNf4(w);
    expect(Buffer.compare(got.packed, want.packed)).toBe(0);
    expect({ ...got, packed: null }).toEqual({ ...want, packed: null });
  });

  it.skipIf(!hasShared)('every bit of a weight of SmolLM2', async () => {
    const w = toFloat32(
      defined(readSafetensors(readFileSync(reference), 'nf4').tensors.get('layer14_k_proj.W')),
    );
    const got = await kernels.quantise(w);
    const want = quantiseNf4(w);
    expect(Buffer.compare(got.packed, want.packed)).toBe(0);
    expect(got.second).toEqual(want.second);
  });
});

describe.skipIf(!hasShared)('NF4 of SmolLM2 against bitsandbytes', () => {
  const { tensors } = hasShared
    ? readSafetensors(readFileSync(reference), 'nf4')
    : { tensors: new Map() };
  const floats = (name: string) => toFloat32(defined(tensors.get(name)));
  const bytes = (name: string): Uint8Array => defined(tensors.get(name)).bytes;

  it('has its codebooks', () => {
    expect(NF4).toEqual(floats('nf4_code'));
    expect(DYNAMIC8).toEqual(floats('dynamic_code'));
  });

  // The kernel equals the reference bit for bit, so this holds for both.
  it.each(['normal', 'heavy_tail', 'zeros_block', 'constants', 'layer14_k_proj'])('%s', (name) => {
    const w = floats(`${name}.W`);
    const { packed, absmax, second } = quantiseNf4(w);
    expect(Buffer.compare(packed, bytes(`${name}.packed`))).toBe(0);
    expect(absmax).toEqual(floats(`${name}.absmax`));
    expect(decoded(packed, absmax, w.length)).toEqual(floats(`${name}.dequantised`));

    // bitsandbytes rounds some values near a tie to the next code. All others must be equal.
    const codes = bytes(`${name}.double.absmax_q`);
    const differ = [...codes].filter((code, i) => code !== second.codes[i]);
    expect(differ.length).toBeLessThanOrEqual(4);
    codes.forEach((code, i) => expect(Math.abs(code - second.codes[i]!)).toBeLessThanOrEqual(1));
    const offset = floats(`${name}.double.offset`)[0]!;
    const largest = floats(`${name}.double.state2_absmax`);
    expect(Math.abs(second.offset / offset - 1)).toBeLessThan(2e-7);
    second.largest.forEach((a, i) => expect(Math.abs(a - largest[i]!)).toBeLessThan(2e-7 * offset));
    const used = decodeAbsmax({ codes, offset, largest });
    expect(used).toEqual(floats(`${name}.double.absmax_dequantised`));
    expect(decoded(packed, used, w.length)).toEqual(floats(`${name}.double.dequantised`));
  });
});
