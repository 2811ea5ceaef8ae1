import { expect, test } from 'vitest';
import { defined, elementAt } from '../../checked.ts';
import { fillNormal, streamKeys } from '../../device/random.ts';
import { combine } from './combined.ts';
import { spearman } from '../statistics.ts';

const roles = ['q', 'k', 'v', 'o', 'gate', 'up', 'down'];
const layers = 30;
const count = roles.length * layers;
const normals = (stream: number, length = count) =>
  Array.from(fillNormal(streamKeys(8, stream, 0), new Float32Array(length)));

/**
 * Synthetic modules: the probe has an error of `bias` (per module), a role offset and a slope; the
 * draws have an error of `noise`, and so do the sign draws.
 */
function world({
  bias,
  noise,
  offset = 0,
  slope = 0,
  repeats = 1,
  draws = 16,
}: {
  bias: number;
  noise: number;
  offset?: number;
  slope?: number;
  repeats?: number;
  draws?: number;
}) {
  const truth = normals(0).map((z) => 0.5 * z);
  const role = truth.map((_, m) => elementAt(roles, m % 7));
  const errors = normals(1);
  const jacobian = truth.map((t, m) =>
    Math.exp((t + bias * errors[m]!) / (1 + slope) - (m % 7 < 2 ? offset : 0)),
  );
  const noises = Array.from({ length: repeats }, (_, r) => normals(2 + r));
  const sampled = truth.map((t, m) => noises.map((z) => Math.exp(t + noise * z[m]!)));
  // A sign draw has the relative spread of the noise. Their mean is exactly the probe's value.
  const spreads = Array.from({ length: draws }, (_, d) =>
    normals(50 + d).map((z) => Math.exp(noise * z)),
  );
  const signs = jacobian.map((v, m) =>
    spreads.map((x) => (v * x[m]! * draws) / spreads.reduce((sum, y) => sum + y[m]!, 0)),
  );
  return { truth, role, jacobian, sampled, signs, run: () => combine(signs, sampled, role) };
}

test('weights are the inverse variances', () => {
  for (const [bias, noise] of [
    [0.2, 0.2],
    [0.1, 0.3],
    [0.3, 0.1],
  ] as const) {
    const { weight, sampledVariance, jacobianVariance } = world({ bias, noise }).run();
    expect(Math.abs(sampledVariance / noise ** 2 - 1)).toBeLessThan(0.2);
    expect(Math.abs(jacobianVariance - bias ** 2)).toBeLessThan(0.3 * (bias ** 2 + noise ** 2));
    expect(Math.abs(weight - noise ** 2 / (noise ** 2 + bias ** 2))).toBeLessThan(0.12);
  }
});

test('is better than either, and near the best weight there is', () => {
  const { truth, jacobian, sampled, run } = world({ bias: 0.15, noise: 0.25 });
  const { importances } = run();
  const rho = spearman(importances, truth);
  expect(rho).toBeGreaterThan(spearman(jacobian, truth) + 0.01);
  expect(rho).toBeGreaterThan(
    spearman(
      sampled.map((d) => d[0]!),
      truth,
    ) + 0.01,
  );
  const best = Math.max(
    ...Array.from({ length: 21 }, (_, i) =>
      spearman(
        jacobian.map(
          (j, m) => (i / 20) * Math.log(j) + (1 - i / 20) * Math.log(elementAt(sampled, m)[0]!),
        ),
        truth,
      ),
    ),
  );
  expect(rho).toBeGreaterThan(best - 0.005);
});

test('takes over the draws’ level, the roles’ offsets and the slope', () => {
  const { truth, jacobian, run } = world({ bias: 0.05, noise: 0.1, offset: 1, slope: -0.3 });
  const { importances, slope } = run();
  expect(slope).toBeCloseTo(-0.3, 1);
  expect(spearman(jacobian, truth)).toBeLessThan(0.9);
  expect(spearman(importances, truth)).toBeGreaterThan(0.98);
  const level = importances.reduce((sum, v, m) => sum + Math.log(v) - truth[m]!, 0) / truth.length;
  expect(Math.abs(level)).toBeLessThan(0.05);
});

test('with more draws their spread is measured, and weighs more', () => {
  const one = world({ bias: 0.2, noise: 0.2 }).run();
  const four = world({ bias: 0.2, noise: 0.2, repeats: 4 }).run();
  expect(Math.sqrt(four.sampledVariance)).toBeCloseTo(0.1, 1.7);
  expect(four.weight).toBeLessThan(one.weight / 2);
});

test('a probe that errs no more than chance keeps a share of the draws out, never all', () => {
  const { weight, jacobianVariance } = world({ bias: 0, noise: 0.2, draws: 4 }).run();
  expect(jacobianVariance).toBeGreaterThan(0);
  expect(weight).toBeGreaterThan(0.6);
  expect(weight).toBeLessThan(1);
});

test('the error covers the truth, whichever of the two errs', () => {
  for (const [bias, noise, repeats] of [
    [0.02, 0.2, 1],
    [0.2, 0.02, 1],
    [0.15, 0.15, 1],
    [0.1, 0.2, 3],
  ] as const) {
    const { truth, run } = world({ bias, noise, repeats, draws: 32 });
    const { importances, error } = run();
    const covered =
      importances.filter((v, m) => Math.abs(Math.log(v) - truth[m]!) <= 1.96 * defined(error))
        .length / truth.length;
    expect(covered, `${bias}, ${noise}`).toBeGreaterThan(0.92);
    expect(error).toBeLessThan(1.2 * Math.hypot(bias, noise));
  }
});

test('maps: one for each sampled draw, that draw in its own; their mean is what is reported', () => {
  const { sampled, run } = world({ bias: 0.2, noise: 0.2, repeats: 3 });
  const { maps, importances, weight } = run();
  maps.forEach((values, m) => {
    expect(importances[m]).toBeCloseTo(values.reduce((x, y) => x + y) / 3, 12);
    expect(Math.log(values[2]! / values[0]!)).toBeCloseTo(
      (1 - weight) * Math.log(elementAt(sampled, m)[2]! / elementAt(sampled, m)[0]!),
      9,
    );
  });
});

test('a module that nothing moves has no importance and disturbs no other; two modules say nothing of their error', () => {
  const { sampled, signs, role, run } = world({ bias: 0.1, noise: 0.1 });
  const whole = run();
  const dead = combine(
    [...signs, elementAt(signs, 0).map(() => 0)],
    [...sampled, [0]],
    [...role, 'q'],
  );
  expect(dead.importances).toEqual([...whole.importances, 0]);
  expect(dead.error).toBe(whole.error);
  expect(combine(signs.slice(0, 2), sampled.slice(0, 2), role.slice(0, 2)).error).toBeNull();
});
