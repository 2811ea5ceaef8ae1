/**
 * The CPU implementations of the training kernels, against plain formulas in double precision,
 * PyTorch's AdamW and the SmolLM2 references.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { defined, elementAt } from '../checked.ts';
import { openTensors } from '../../test/tensors.ts';
import { hasShared, sharedPath } from '../../test/shared.ts';
import { fillNormal, streamKeys } from './random.ts';
import * as twins from './training-twins.ts';

const numbers = (length: number, seed: number) =>
  fillNormal(streamKeys(seed, 0, 0), new Float32Array(length));

/** G = Σ dy xᵀ over tokens [from, to), [out, in] in double precision. */
function gradient({
  x,
  dy,
  inFeatures,
  stride,
  column,
  outFeatures,
  from,
  to,
}: {
  x: Float32Array;
  dy: Float32Array;
  inFeatures: number;
  stride: number;
  column: number;
  outFeatures: number;
  from: number;
  to: number;
}): Float64Array {
  const g = new Float64Array(outFeatures * inFeatures);
  for (let t = from; t < to; t++)
    for (let o = 0; o < outFeatures; o++)
      for (let k = 0; k < inFeatures; k++) {
        g[o * inFeatures + k]! += dy[t * stride + column + o]! * x[t * inFeatures + k]!;
      }
  return g;
}

describe('training twins', () => {
  const place = { tokens: 6, inFeatures: 7, outFeatures: 5, column: 2, stride: 9 };
  const x = numbers(6 * 7, 1);
  const dy = numbers(6 * 9, 2);

  it('adapter gradients are those of the formed gradient, in the asked rows only', () => {
    const rank = 4;
    const scale = 1.5;
    const a = numbers(rank * 7, 3);
    const b = numbers(rank * 5, 4);
    const g = gradient({
      x,
      dy,
      inFeatures: 7,
      stride: 9,
      column: 2,
      outFeatures: 5,
      from: 0,
      to: 6,
    });
    const into = { a: new Float32Array(rank * 7).fill(9), b: new Float32Array(rank * 5).fill(9) };
    twins.adapterGradient({
      x,
      dy,
      place,
      adapter: { a, b },
      rows: { from: 1, to: 3 },
      scale,
      into,
    });
    for (let j = 0; j < rank; j++) {
      // dA = s Bᵀ G, dB = s G Aᵀ
      for (let k = 0; k < 7; k++) {
        let want = 0;
        for (let o = 0; o < 5; o++) want += scale * b[j * 5 + o]! * g[o * 7 + k]!;
        expect(into.a[j * 7 + k]).toBeCloseTo(j === 1 || j === 2 ? want : 9, 5);
      }
      for (let o = 0; o < 5; o++) {
        let want = 0;
        for (let k = 0; k < 7; k++) want += scale * a[j * 7 + k]! * g[o * 7 + k]!;
        expect(into.b[j * 5 + o]).toBeCloseTo(j === 1 || j === 2 ? want : 9, 5);
      }
    }
  });

  it('gradient norms and Fisher sums are those of the formed gradients, sequence by sequence', () => {
    const square = (v: Float64Array) => v.reduce((sum, g) => sum + g * g, 0);
    const norms = twins.gradientNorms(x, dy, place, 2);
    const fisher = twins.fisherSums(x, dy, place, 2);
    for (let s = 0; s < 2; s++) {
      expect(
        norms[s]! /
          square(
            gradient({
              x,
              dy,
              inFeatures: 7,
              stride: 9,
              column: 2,
              outFeatures: 5,
              from: 3 * s,
              to: 3 * s + 3,
            }),
          ),
      ).toBeCloseTo(1, 12);
      let want = 0;
      for (let t = 3 * s; t < 3 * s + 3; t++)
        want += square(
          gradient({
            x,
            dy,
            inFeatures: 7,
            stride: 9,
            column: 2,
            outFeatures: 5,
            from: t,
            to: t + 1,
          }),
        );
      expect(fisher[s]! / want).toBeCloseTo(1, 12);
    }
  });

  it('AdamW takes the steps of torch.optim.AdamW with clip_grad_norm_', () => {
    // torch 2.15: p = Parameter([.5, -1.25, 2, 0]), q = Parameter([3, -.125]); AdamW([p, q], lr=.1,
    // betas=(.9, .999), eps=1e-8, weight_decay=.05). Per step: set .grad, clip_grad_norm_([p, q],
    // .3), step(). p and q are printed with 9 digits.
    const steps = [
      {
        g: [
          [0.1, -2, 0.3, 1.5],
          [0, 4],
        ],
        norm: 4.727578639984131,
        p: [0.397500157, -1.14374995, 1.8900001, -0.0999999866],
        q: [2.98500013, -0.22437501],
      },
      {
        g: [
          [-0.2, 0.01, 0, 0.02],
          [0.1, -0.05],
        ],
        norm: 0.23021730780601501,
        p: [0.467765093, -1.07708073, 1.81354439, -0.180381179],
        q: [2.89566135, -0.274605632],
      },
      {
        g: [
          [1, 1, -1, 3],
          [2, -2],
        ],
        norm: 4.4721360206604,
        p: [0.49806422, -1.05982482, 1.85180831, -0.264190704],
        q: [2.79559016, -0.27903235],
      },
    ];
    const p = Float32Array.of(0.5, -1.25, 2, 0);
    const q = Float32Array.of(3, -0.125);
    const m = [new Float32Array(4), new Float32Array(2)];
    const v = [new Float32Array(4), new Float32Array(2)];
    steps.forEach(({ g, norm, ...want }, i) => {
      const gradients = g.map((values) => Float32Array.from(values));
      const squared = gradients.reduce((sum, values) => sum + twins.sumOfSquares(values), 0);
      expect(Math.sqrt(squared) / norm).toBeCloseTo(1, 6);
      const step = {
        learningRate: 0.1,
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-8,
        weightDecay: 0.05,
        step: i + 1,
        maxNorm: 0.3,
      };
      [p, q].forEach((parameter, n) =>
        twins.adamW({
          p: parameter,
          g: elementAt(gradients, n),
          m: elementAt(m, n),
          v: elementAt(v, n),
          squaredNorm: squared,
          step,
        }),
      );
      want.p.forEach((value, n) => expect(Math.abs(p[n]! - value)).toBeLessThan(1e-6));
      want.q.forEach((value, n) => expect(Math.abs(q[n]! - value)).toBeLessThan(1e-6));
    });
    [-0.0107777929, -0.00267189997, -0.00516618695, 0.0296346843].forEach((value, n) =>
      expect(Math.abs(elementAt(m, 0)[n]! - value)).toBeLessThan(3e-9),
    );
    [4.45001897e-5, 2.06750792e-5, 4.86168983e-6, 4.99418747e-5].forEach((value, n) =>
      expect(Math.abs(elementAt(v, 0)[n]! - value)).toBeLessThan(2e-11),
    );
  });

  it('AdamW changes nothing when the norm is not finite', () => {
    const p = Float32Array.of(1, 2);
    const m = new Float32Array(2);
    const v = new Float32Array(2);
    const step = {
      learningRate: 0.1,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      weightDecay: 0.1,
      step: 1,
      maxNorm: null,
    };
    for (const norm of [NaN, Infinity])
      twins.adamW({ p, g: Float32Array.of(NaN, 1), m, v, squaredNorm: norm, step });
    expect([...p, ...m, ...v]).toEqual([1, 2, 0, 0, 0, 0]);
  });
});

describe.skipIf(!hasShared)('training twins against the SmolLM2 references', () => {
  it.each([['model.layers.14.self_attn.k_proj'], ['model.layers.29.mlp.down_proj']])(
    'norm and Fisher of %s',
    (name) => {
      const tensor = openTensors(sharedPath('reference/smollm2/gradients.safetensors'));
      const { modules } = JSON.parse(
        readFileSync(sharedPath('reference/smollm2/gradients.json'), 'utf8'),
      ) as { modules: Record<string, { grad_norm: number; fisher: number }> };
      const x = tensor(`taps.${name}.x`);
      const dy = tensor(`taps.${name}.dy`);
      const rows = x.dims[0]!;
      const inFeatures = x.dims[1]!;
      const outFeatures = dy.dims[1]!;
      const place = { tokens: rows, inFeatures, outFeatures, column: 0, stride: outFeatures };
      const want = defined(modules[name]);
      const xs = x.data as Float32Array;
      const dys = dy.data as Float32Array;
      expect(Math.sqrt(twins.gradientNorms(xs, dys, place, 1)[0]!) / want.grad_norm).toBeCloseTo(
        1,
        5,
      );
      expect(
        twins.fisherSums(xs, dys, place, 1)[0]! / (rows * inFeatures * outFeatures) / want.fisher,
      ).toBeCloseTo(1, 5);
    },
  );
});
