/** Every WGSL measurement kernel against its CPU reference implementation. */
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defined } from '../checked.ts';
import { BufferPool, readBuffer } from './buffers.ts';
import { Dispatcher, type Slice } from './dispatch.ts';
import { Kernels } from './kernels.ts';
import { fillNormal, mix, streamKeys } from './random.ts';
import { testGpu } from './test-gpu.ts';
import * as twins from './twins.ts';

const gpu = await testGpu();

describe.skipIf(!gpu)('kernels against their CPU twins', () => {
  const { device } = defined(gpu);
  const pool = new BufferPool(device);
  const dispatcher = new Dispatcher(device);
  const kernels = new Kernels(dispatcher);
  afterAll(() => {
    dispatcher.dispose();
    pool.dispose();
    device.destroy();
  });
  beforeEach(() => device.pushErrorScope('validation'));
  afterEach(async () => expect((await device.popErrorScope())?.message).toBeUndefined());

  const numbers = (length: number, seed: number) =>
    fillNormal(streamKeys(seed, 0, 0), new Float32Array(length));
  const put = (data: Float32Array | Uint32Array): Slice => ({
    buffer: pool.upload(new Uint8Array(data.buffer)),
    bytes: data.byteLength,
  });
  const read = async (slice: Slice) =>
    new Float32Array(await readBuffer(device, slice.buffer, slice.bytes));
  /** Largest difference, relative to the largest value. */
  const error = (got: Float32Array, want: Float32Array) => {
    let worst = 0;
    let top = 0;
    want.forEach((w, i) => {
      worst = Math.max(worst, Math.abs(w - got[i]!));
      top = Math.max(top, Math.abs(w));
    });
    return worst / top;
  };

  it.each([
    ['aligned', { tokens: 24, inFeatures: 64, outFeatures: 96, column: 0, stride: 96 }],
    [
      'odd row length, a slot inside a packed product',
      { tokens: 37, inFeatures: 45, outFeatures: 33, column: 7, stride: 51 },
    ],
    [
      'one token, fewer inputs than a tile',
      { tokens: 1, inFeatures: 5, outFeatures: 3, column: 1, stride: 4 },
    ],
  ])('noise product: %s', async (_, target) => {
    const slots = [
      { keys: streamKeys(1, 4, 0), std: 0.3, row: 0, bias: false },
      { keys: streamKeys(1, 4, 1), std: 0.3, row: target.tokens, bias: true },
      { keys: streamKeys(0xfffffff0, 209, 77), std: 2, row: 3 * target.tokens, bias: false },
    ];
    const x = numbers(target.tokens * target.inFeatures, 5);
    const y = numbers(4 * target.tokens * target.stride, 6);
    const ys = put(y);
    const draws = pool.acquire(slots.length * 32);
    kernels.noiseProduct({ x: put(x), y: ys, target, slots, draws });
    twins.noiseProduct(x, y, target, slots);
    expect(error(await read(ys), y)).toBeLessThan(2e-6);
  });

  it('makes normals that differ from the exact ones by float rounding only', async () => {
    // With a unit vector per token in x, the product reads single normals: token t gets N(o·in +
    // t).
    const size = 256;
    const target = { tokens: size, inFeatures: size, outFeatures: size, column: 0, stride: size };
    const unit = new Float32Array(size * size);
    for (let t = 0; t < size; t++) unit[t * size + t] = 1;
    const keys = streamKeys(7, 1, 2);
    const ys = put(new Float32Array(size * size));
    kernels.noiseProduct({
      x: put(unit),
      y: ys,
      target,
      slots: [{ keys, std: 1, row: 0, bias: false }],
      draws: pool.acquire(32),
    });
    const got = await read(ys);
    const want = fillNormal(keys, new Float32Array(size * size));
    let worst = 0;
    for (let o = 0; o < size; o++) {
      for (let t = 0; t < size; t++)
        worst = Math.max(worst, Math.abs(got[t * size + o]! - want[o * size + t]!));
    }
    expect(worst).toBeLessThan(1.5e-6);
  });

  it('holds at the ends of the uniform: the largest and the smallest radii', async () => {
    // Streams whose first word is within 2^14 of 0 or of 2^32. A module of one weight pair reads
    // them.
    const target = { tokens: 2, inFeatures: 2, outFeatures: 1, column: 0, stride: 1 };
    const streams = [];
    for (let b = 0; streams.length < 12; b++) {
      const keys = streamKeys(1, 1, b);
      const m = mix(mix(keys.k1) ^ keys.k2);
      if (m < 1 << 14 || m > 0xffffffff - (1 << 14)) streams.push(keys);
    }
    const slots = streams.map((keys, i) => ({ keys, std: 1, row: 2 * i, bias: false }));
    const ys = put(new Float32Array(24));
    kernels.noiseProduct({
      x: put(new Float32Array([1, 0, 0, 1])),
      y: ys,
      target,
      slots,
      draws: pool.acquire(32 * slots.length),
    });
    const got = await read(ys);
    streams.forEach((keys, i) => {
      const want = fillNormal(keys, new Float32Array(2));
      const radius = Math.hypot(want[0]!, want[1]!);
      for (const j of [0, 1])
        expect(Math.abs(got[2 * i + j]! - want[j]!)).toBeLessThan(1e-6 * radius);
    });
  });

  it('disagreement over two chunks, paired and from a difference, is right and the same twice', async () => {
    const rows = 300;
    const columns = 1000;
    const probes = 12;
    const a = numbers(rows * columns, 1);
    const b = numbers(rows * columns, 2);
    const c = numbers(rows * columns, 3);
    const sums = put(new Float32Array(rows));
    const totals = put(new Float32Array(probes));
    const want = new Float64Array(rows);
    twins.rowSums(a, b, want, columns);
    twins.rowSums(c, null, want, columns);
    const [as, bs, cs] = [put(a), put(b), put(c)];
    const once = async () => {
      kernels.rowSums({ a: as, b: bs, sums, rows, columns, first: true });
      kernels.rowSums({ a: cs, b: null, sums, rows, columns, first: false });
      kernels.probeSums(sums, totals, probes, rows / probes);
      return read(totals);
    };
    const first = await once();
    expect(error(await read(sums), Float32Array.from(want))).toBeLessThan(1e-6);
    const perProbe = Float32Array.from({ length: probes }, (_, p) =>
      want.slice(p * 25, (p + 1) * 25).reduce((s, v) => s + v, 0),
    );
    expect(error(first, perProbe)).toBeLessThan(1e-6);
    expect(await once()).toEqual(first);
  });

  it('pair difference against entries and against the clean rows', async () => {
    const size = 700;
    const h = numbers(3 * size, 1);
    const clean = numbers(size, 2);
    const pairs = new Uint32Array([0, 2, 1, twins.CLEAN]);
    const out = put(new Float32Array(2 * size));
    kernels.pairDifference({
      h: put(h),
      clean: put(clean),
      pairs: put(pairs),
      out,
      size,
      count: 2,
    });
    expect(await read(out)).toEqual(twins.pairDifference(h, clean, pairs, size));
  });

  it('LoRA delta, plain and masked on a weight', async () => {
    const outputs = 37;
    const inputs = 50;
    const rank = 6;
    const scale = 1.5;
    const a = numbers(rank * inputs, 1);
    const b = numbers(outputs * rank, 2);
    const base = numbers(outputs * inputs, 3);
    const mask = Uint32Array.from(
      { length: Math.ceil((outputs * inputs) / 32) },
      (_, i) => streamKeys(9, i, 0).k1,
    );
    const out = put(new Float32Array(outputs * inputs));
    kernels.loraDelta({
      a: put(a),
      b: put(b),
      base: null,
      mask: null,
      out,
      outputs,
      inputs,
      rank,
      scale,
    });
    expect(
      error(
        await read(out),
        twins.loraDelta({ a, b, base: null, mask: null, outputs, inputs, rank, scale }),
      ),
    ).toBeLessThan(1e-6);
    kernels.loraDelta({
      a: put(a),
      b: put(b),
      base: put(base),
      mask: put(mask),
      out,
      outputs,
      inputs,
      rank,
      scale,
    });
    const want = twins.loraDelta({ a, b, base, mask, outputs, inputs, rank, scale });
    expect(error(await read(out), want)).toBeLessThan(1e-6);
    expect(want.some((v, i) => v === base[i])).toBe(true);
  });
});

describe('LoRA delta twin', () => {
  it('is s·B·A by hand', () => {
    // A = [[1, 2]], B = [[3], [4]], s = 2
    expect([
      ...twins.loraDelta({
        a: new Float32Array([1, 2]),
        b: new Float32Array([3, 4]),
        base: null,
        mask: null,
        outputs: 2,
        inputs: 2,
        rank: 1,
        scale: 2,
      }),
    ]).toEqual([6, 12, 8, 16]);
    expect([
      ...twins.loraDelta({
        a: new Float32Array([1, 2]),
        b: new Float32Array([3, 4]),
        base: new Float32Array([1, 1, 1, 1]),
        mask: new Uint32Array([0b0110]),
        outputs: 2,
        inputs: 2,
        rank: 1,
        scale: 2,
      }),
    ]).toEqual([1, 13, 9, 1]);
  });
});
