/**
 * Every WGSL training kernel against its CPU reference implementation, on sizes that fit no tile.
 */
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defined } from '../checked.ts';
import { BufferPool, readBuffer } from './buffers.ts';
import { Dispatcher, type Slice } from './dispatch.ts';
import { fillNormal, streamKeys } from './random.ts';
import { testGpu } from './test-gpu.ts';
import { gramBytes, projectionBytes, TrainingKernels } from './training-kernels.ts';
import * as twins from './training-twins.ts';

const gpu = await testGpu();

describe.skipIf(!gpu)('training kernels against their CPU twins', () => {
  const { device } = defined(gpu);
  const pool = new BufferPool(device);
  const dispatcher = new Dispatcher(device);
  const kernels = new TrainingKernels(dispatcher);
  afterAll(() => {
    dispatcher.dispose();
    pool.dispose();
    device.destroy();
  });
  beforeEach(() => device.pushErrorScope('validation'));
  afterEach(async () => expect((await device.popErrorScope())?.message).toBeUndefined());

  const numbers = (length: number, seed: number) =>
    fillNormal(streamKeys(seed, 0, 0), new Float32Array(length));
  const put = (data: Float32Array): Slice => ({
    buffer: pool.upload(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
    bytes: data.byteLength,
  });
  const scratch = (bytes: number): Slice => ({ buffer: pool.acquire(bytes), bytes });
  const read = async (slice: Slice) =>
    new Float32Array(await readBuffer(device, slice.buffer, slice.bytes));
  /** Largest difference, relative to the largest value. */
  const error = (got: ArrayLike<number>, want: ArrayLike<number>) => {
    let worst = got.length === want.length ? 0 : Infinity;
    let top = 0;
    for (let i = 0; i < want.length; i++) {
      const d = Math.abs(want[i]! - got[i]!);
      worst = d <= worst ? worst : Number.isNaN(d) ? Infinity : d;
      top = Math.max(top, Math.abs(want[i]!));
    }
    return worst / top;
  };
  const places = [
    ['one row', { tokens: 1, inFeatures: 63, outFeatures: 65, column: 0, stride: 65 }],
    ['aligned', { tokens: 32, inFeatures: 64, outFeatures: 64, column: 0, stride: 64 }],
    [
      'odd, inside a packed product',
      { tokens: 37, inFeatures: 65, outFeatures: 33, column: 7, stride: 51 },
    ],
    ['few columns', { tokens: 6, inFeatures: 3, outFeatures: 1, column: 2, stride: 4 }],
  ] as const;

  it.each(
    places.flatMap(([name, place]) =>
      [
        [1, 0, 1],
        [3, 0, 3],
        [64, 0, 64],
        [12, 9, 10],
        [20, 1, 18],
      ].map(([rank, from, to]) => ({
        name,
        place,
        rank: defined(rank),
        from: defined(from),
        to: defined(to),
      })),
    ),
  )(
    'adapter gradients: $name, rows $from to $to of rank $rank',
    async ({ place, rank, from, to }) => {
      const x = numbers(place.tokens * place.inFeatures, 1);
      const dy = numbers(place.tokens * place.stride, 2);
      const adapter = {
        a: numbers(rank * place.inFeatures, 3),
        b: numbers(rank * place.outFeatures, 4),
      };
      const want = {
        a: numbers(rank * place.inFeatures, 5),
        b: numbers(rank * place.outFeatures, 6),
      };
      const into = { a: put(want.a), b: put(want.b) };
      const bytes = projectionBytes(place.tokens, to - from);
      kernels.adapterGradients([
        {
          x: put(x),
          dy: put(dy),
          place,
          adapter: { a: put(adapter.a), b: put(adapter.b) },
          rows: { from, to },
          scale: 1.5,
          into,
          scratch: { a: scratch(bytes), b: scratch(bytes) },
        },
      ]);
      twins.adapterGradient({ x, dy, place, adapter, rows: { from, to }, scale: 1.5, into: want });
      expect(error(await read(into.a), want.a)).toBeLessThan(1e-5);
      expect(error(await read(into.b), want.b)).toBeLessThan(1e-5);
    },
  );

  it.each(places)('gradient norms and Fisher sums: %s', async (_, place) => {
    const x = numbers(place.tokens * place.inFeatures, 1);
    const dy = numbers(place.tokens * place.stride, 2);
    const xs = put(x);
    const dys = put(dy);
    for (const sequences of [1, 2].filter((s) => place.tokens % s === 0)) {
      const norms = put(new Float32Array(4).fill(7));
      const fisher = put(new Float32Array(4).fill(7));
      kernels.gradientNorms({
        x: xs,
        dy: dys,
        place,
        sequences,
        scratch: scratch(gramBytes(place.tokens, sequences)),
        into: norms,
        at: 1,
      });
      kernels.fisherSums({
        x: xs,
        dy: dys,
        place,
        sequences,
        scratch: scratch(4 * place.tokens),
        into: fisher,
        at: 1,
      });
      const around = (values: Float64Array) => [
        7,
        ...values,
        ...new Array<number>(3 - sequences).fill(7),
      ];
      const got = await read(norms);
      const want = around(twins.gradientNorms(x, dy, place, sequences));
      want.forEach((value, i) => expect(Math.abs(got[i]! / value - 1)).toBeLessThan(1e-5));
      const sums = await read(fisher);
      around(twins.fisherSums(x, dy, place, sequences)).forEach((value, i) =>
        expect(Math.abs(sums[i]! / value - 1)).toBeLessThan(1e-5),
      );
    }
  });

  it.each(places)('singular gradients: %s', async (_, place) => {
    const x = numbers(place.tokens * place.inFeatures, 1);
    const dy = numbers(place.tokens * place.stride, 2);
    const count = 11;
    const bytes = projectionBytes(place.tokens, count);
    const workspace: [Slice, Slice, Slice] = [
      scratch(bytes),
      scratch(bytes),
      scratch(4 * x.length),
    ];
    const u = numbers(count * place.outFeatures, 3);
    const v = numbers(count * place.inFeatures, 4);
    const y = numbers(dy.length, 5);
    const w = numbers(place.outFeatures * place.inFeatures, 6);
    for (const sequences of [1, 2].filter((s) => place.tokens % s === 0)) {
      const into = put(new Float32Array(3 + sequences * count).fill(7));
      kernels.singularGradients(
        { side: 'output', dy: put(dy), vectors: put(u), y: put(y) },
        { place, sequences, count, blocks: 1, scratch: workspace, into, at: 3 },
      );
      expect(
        error(await read(into), [
          7,
          7,
          7,
          ...twins.outputDirections({ dy, y, place, u, sequences }),
        ]),
      ).toBeLessThan(1e-5);
      kernels.singularGradients(
        { side: 'input', dy: put(dy), vectors: put(v), x: put(x), w: put(w) },
        { place, sequences, count, blocks: 1, scratch: workspace, into, at: 3 },
      );
      expect(
        error(await read(into), [
          7,
          7,
          7,
          ...twins.inputDirections({ x, dy, w, place, v, sequences }),
        ]),
      ).toBeLessThan(1e-5);
    }
  });

  it('global norm of many gradients, the same twice', async () => {
    const lengths = [1, 63, 64, 65, 700, 3000];
    const all = lengths.map((length, i) => numbers(length, i));
    const ranges = all.map((g, i) => ({
      ...put(g),
      first: i === 4 ? 100 : 0,
      count: i === 4 ? 550 : g.length,
    }));
    const want = all.reduce(
      (sum, g, i) => sum + twins.sumOfSquares(i === 4 ? g.subarray(100, 650) : g),
      0,
    );
    const into = put(new Float32Array(1));
    kernels.squaredNorm(ranges, scratch(4 * lengths.length), into);
    const first = await read(into);
    expect(Math.abs(first[0]! / want - 1)).toBeLessThan(1e-6);
    kernels.squaredNorm(ranges, scratch(4 * lengths.length), into);
    expect(await read(into)).toEqual(first);
  });

  it.each([[0.3], [null], [1e6]])(
    'three AdamW steps of two parameters, clipped at %s',
    async (maxNorm) => {
      const sizes = [
        { length: 1000, first: 130, count: 600 },
        { length: 65, first: 0, count: 65 },
      ];
      const states = sizes.map(({ length, first, count }, n) => {
        const cpu = {
          parameter: numbers(length, 10 + n),
          gradient: numbers(length, 20 + n),
          mean: numbers(length, 30 + n).map((v) => v / 10),
          square: numbers(length, 40 + n).map((v) => v * v),
        };
        const device = {
          parameter: { ...put(cpu.parameter), first, count },
          gradient: put(cpu.gradient),
          mean: put(cpu.mean),
          square: put(cpu.square),
        };
        return { cpu, device, within: (x: Float32Array) => x.subarray(first, first + count) };
      });
      const squared = states.reduce(
        (sum, { cpu, within }) => sum + twins.sumOfSquares(within(cpu.gradient)),
        0,
      );
      for (let step = 1; step <= 3; step++) {
        const settings = {
          learningRate: 0.01,
          beta1: 0.9,
          beta2: 0.99,
          epsilon: 1e-8,
          weightDecay: 0.1,
          step,
          maxNorm,
        };
        kernels.adamW(
          states.map((s) => s.device),
          put(Float32Array.of(squared)),
          settings,
        );
        for (const { cpu, within } of states)
          twins.adamW({
            p: within(cpu.parameter),
            g: within(cpu.gradient),
            m: within(cpu.mean),
            v: within(cpu.square),
            squaredNorm: squared,
            step: settings,
          });
      }
      for (const { cpu, device } of states) {
        for (const name of ['parameter', 'mean', 'square'] as const)
          expect(error(await read(device[name]), cpu[name])).toBeLessThan(1e-6);
      }
    },
  );

  it.each([[NaN], [Infinity]])('AdamW changes nothing when the norm is %s', async (norm) => {
    const state = [1, 2, 3, 4].map((seed) => numbers(70, seed));
    const [parameter, gradient, mean, square] = state.map(put) as [Slice, Slice, Slice, Slice];
    kernels.adamW(
      [{ parameter: { ...parameter, first: 0, count: 70 }, gradient, mean, square }],
      put(Float32Array.of(norm)),
      {
        learningRate: 0.01,
        beta1: 0.9,
        beta2: 0.99,
        epsilon: 1e-8,
        weightDecay: 0.1,
        step: 1,
        maxNorm: 1,
      },
    );
    expect(await read(parameter)).toEqual(state[0]);
    expect(await read(mean)).toEqual(state[2]);
    expect(await read(square)).toEqual(state[3]);
  });
});
