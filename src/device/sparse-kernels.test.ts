/**
 * Every WGSL pruning kernel against its CPU reference implementation, on sizes that fit no tile;
 * the reference implementations against the plain definition.
 */
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defined } from '../checked.ts';
import { BufferPool, readBuffer } from './buffers.ts';
import { Dispatcher, type Slice } from './dispatch.ts';
import { fillNormal, streamKeys } from './random.ts';
import { SparseKernels } from './sparse-kernels.ts';
import * as twins from './sparse-twins.ts';
import { testGpu } from './test-gpu.ts';

const gpu = await testGpu();
const numbers = (length: number, seed: number) =>
  fillNormal(streamKeys(seed, 0, 0), new Float32Array(length));
const shapes = [
  { outputs: 7, inputs: 33 },
  { outputs: 64, inputs: 64 },
  { outputs: 3, inputs: 300 },
  { outputs: 1, inputs: 1 },
];
/** Normal weights of which many are equal or zero, as dequantised weights are. */
const rounded = (length: number, seed: number) =>
  numbers(length, seed).map((v) => Math.round(v * 3) / 8);

describe('what stays', () => {
  it.each(shapes)('by row, $outputs x $inputs: as a stable sort has it', (shape) => {
    const w = rounded(shape.outputs * shape.inputs, 1);
    const norms = numbers(shape.inputs, 2).map(Math.abs);
    for (const drop of [0, 1, Math.floor(shape.inputs / 2), shape.inputs]) {
      const mask = twins.pruneMask(w, norms, shape, { kind: 'row', drop });
      for (let o = 0; o < shape.outputs; o++) {
        const metric = Array.from({ length: shape.inputs }, (_, k) =>
          Math.fround(Math.abs(w[o * shape.inputs + k]!) * norms[k]!),
        );
        const gone = new Set(
          metric
            .map((_, k) => k)
            .sort((a, b) => metric[a]! - metric[b]! || a - b)
            .slice(0, drop),
        );
        expect(
          metric.findIndex((_, k) => twins.isRetained(mask, o * shape.inputs + k) === gone.has(k)),
        ).toBe(-1);
      }
      expect(twins.retainedCount(mask)).toBe(shape.outputs * (shape.inputs - drop));
    }
  });

  it('2:4 keeps the two largest of four, and of a short last group what it may', () => {
    const mask = twins.pruneMask(
      Float32Array.of(1, -4, 3, 2, 5, 5, 5, 5, -9),
      null,
      { outputs: 1, inputs: 9 },
      { kind: 'group', keep: 2, of: 4 },
    );
    expect([...Array(9).keys()].filter((i) => twins.isRetained(mask, i))).toEqual([1, 2, 6, 7, 8]);
  });
});

describe.skipIf(!gpu)('kernels of pruning against their CPU twins', () => {
  const { device } = defined(gpu);
  const pool = new BufferPool(device);
  const dispatcher = new Dispatcher(device);
  const kernels = new SparseKernels(dispatcher);
  afterAll(() => {
    dispatcher.dispose();
    pool.dispose();
    device.destroy();
  });
  beforeEach(() => device.pushErrorScope('validation'));
  afterEach(async () => expect((await device.popErrorScope())?.message).toBeUndefined());

  const put = (data: Float32Array | Uint32Array): Slice => ({
    buffer: pool.upload(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
    bytes: data.byteLength,
  });
  const read = async (slice: Slice) =>
    new Float32Array(await readBuffer(device, slice.buffer, slice.bytes));
  const error = (got: ArrayLike<number>, want: ArrayLike<number>) => {
    let worst = got.length === want.length ? 0 : Infinity;
    let top = 0;
    for (let i = 0; i < want.length; i++) {
      worst = Math.max(worst, Math.abs(want[i]! - got[i]!));
      top = Math.max(top, Math.abs(want[i]!));
    }
    return worst / top;
  };

  it.each(shapes)('masks of $outputs x $inputs, to the bit', async (shape) => {
    const { outputs, inputs } = shape;
    const w = rounded(10 + outputs * inputs, 1);
    const norms = numbers(inputs, 2).map(Math.abs);
    const ws = put(w);
    const ns = put(norms);
    const half = Math.floor(inputs / 2);
    const patterns = [
      { kind: 'row', drop: 0 },
      { kind: 'row', drop: half },
      { kind: 'row', drop: inputs },
      { kind: 'group', keep: 2, of: 4 },
      { kind: 'group', keep: 3, of: 8 },
    ] as const;
    for (const pattern of patterns) {
      for (const by of [norms, null]) {
        const mask = put(new Uint32Array(twins.maskWords(shape)));
        kernels.pruneMask(ws, { first: 10, shape, norms: by && ns, pattern, mask });
        expect(new Uint32Array((await read(mask)).buffer)).toEqual(
          twins.pruneMask(w.subarray(10), by, shape, pattern),
        );
      }
    }
  });

  it.each(shapes)('merged weights and masked gradients of $outputs x $inputs', async (shape) => {
    const { outputs, inputs } = shape;
    const size = outputs * inputs;
    const w = numbers(size, 1);
    const tokens = 19;
    const rank = 3;
    const stride = outputs + 5;
    const mask = twins.pruneMask(w, null, shape, { kind: 'row', drop: Math.floor(inputs / 2) });
    const masks = put(mask);
    const adapter = { a: numbers(rank * inputs, 3), b: numbers(rank * outputs, 4) };
    const pair = { a: put(adapter.a), b: put(adapter.b) };
    const out = put(new Float32Array(size + 10).fill(7));
    const want = new Float32Array(size);
    const shifted = new Float32Array(size + 10);
    shifted.set(w, 10);
    twins.maskedSum({
      weight: w,
      mask,
      delta: twins.lowRank(adapter, shape),
      scale: 1.5,
      into: want,
    });
    kernels.merge(put(shifted), {
      first: 10,
      shape,
      mask: masks,
      adapter: { pair, rank, scale: 1.5 },
      out,
    });
    const got = await read(out);
    expect([...got.subarray(0, 10)]).toEqual(new Array(10).fill(7));
    expect(error(got.subarray(10), want)).toBeLessThan(1e-6);
    expect(
      want.findIndex((v, i) => (twins.isRetained(mask, i) ? v === 0 : got[10 + i] !== 0)),
    ).toBe(-1);

    const x = numbers(tokens * inputs, 5);
    const dy = numbers(tokens * stride, 6);
    const place = { tokens, inFeatures: inputs, outFeatures: outputs, column: 2, stride };
    const into = {
      a: put(new Float32Array(rank * inputs)),
      b: put(new Float32Array(rank * outputs)),
    };
    const grads = { a: new Float32Array(rank * inputs), b: new Float32Array(rank * outputs) };
    kernels.maskedGradient({
      x: put(x),
      dy: put(dy),
      place,
      mask: masks,
      adapter: { pair, rank, scale: 1.5 },
      into,
      scratch: put(new Float32Array(size)),
    });
    twins.maskedGradient({ x, dy, place, mask, adapter, scale: 1.5, into: grads });
    expect(error(await read(into.a), grads.a)).toBeLessThan(1e-5);
    expect(error(await read(into.b), grads.b)).toBeLessThan(1e-5);
  });

  it('column squares and Gram matrices', async () => {
    const samples = 5;
    const tokens = 15;
    const columns = 37;
    const x = numbers(tokens * columns, 1);
    const y = numbers(tokens * columns, 2);
    const [xs, ys] = [put(x), put(y)];
    const sums = put(new Float32Array(columns));
    const products = put(new Float32Array(samples * samples));
    kernels.columnSquares({ x: xs, y: null, tokens, columns, out: sums });
    expect(error(await read(sums), twins.columnSquares(x, null, columns))).toBeLessThan(1e-6);
    kernels.columnSquares({ x: xs, y: ys, tokens, columns, out: sums });
    expect(error(await read(sums), twins.columnSquares(x, y, columns))).toBeLessThan(1e-6);
    kernels.gram(xs, samples, (tokens * columns) / samples, products);
    expect(error(await read(products), twins.gram(x, samples))).toBeLessThan(1e-6);
  });
});
