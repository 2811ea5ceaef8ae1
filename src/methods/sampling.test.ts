/** Sampling: frequencies against the softmax, the nucleus, and reproducibility by seed. */
import { describe, expect, it } from 'vitest';
import { likeliest, sampler } from './sampling.ts';

const logits = Float32Array.of(1, -0.5, 2.5, 0, -3, 1);
const draws = 20_000;

const softmax = (temperature: number) => {
  const e = [...logits].map((x) => Math.exp(x / temperature));
  const sum = e.reduce((a, b) => a + b);
  return e.map((x) => x / sum);
};

function frequencies(temperature: number, topP: number, seed = 1): number[] {
  const choose = sampler({ temperature, topP, seed });
  const counts = new Array<number>(logits.length).fill(0);
  for (let i = 0; i < draws; i++) counts[choose(logits, i)]! += 1 / draws;
  return counts;
}

/** Pearson's χ² of observed frequencies. Its 99.9 % quantile at 5 degrees of freedom is 20.5. */
const chiSquare = (got: number[], want: number[]) =>
  want.reduce((sum, p, i) => sum + (p > 0 ? (draws * (got[i]! - p) ** 2) / p : 0), 0);

describe('sampling', () => {
  it('chooses the first of the most likely tokens at temperature 0', () => {
    expect(sampler({ temperature: 0, topP: 1, seed: 1 })(logits, 0)).toBe(2);
    expect(likeliest(Float32Array.of(-1, 3, 3))).toBe(1);
  });

  it.each([[1], [0.6], [2]])(
    'draws with the frequencies of the softmax at temperature %s',
    (temperature) => {
      expect(chiSquare(frequencies(temperature, 1), softmax(temperature))).toBeLessThan(20.5);
    },
  );

  it('stays within the nucleus, in its proportions', () => {
    // Probabilities 0.63, 0.14, 0.14, …: 0.75 needs two tokens, the second being the first of the
    // equal ones.
    const p = softmax(1);
    const got = frequencies(1, 0.75);
    const mass = p[2]! + p[0]!;
    expect(got.map((f) => f > 0)).toEqual([true, false, true, false, false, false]);
    expect(chiSquare(got, [p[0]! / mass, 0, p[2]! / mass, 0, 0, 0])).toBeLessThan(20.5);
    expect(frequencies(1, 1e-6)[2]).toBeCloseTo(1);
  });

  it('depends only on the seed and the position', () => {
    const run = (seed: number) =>
      Array.from({ length: 30 }, (_, i) =>
        sampler({ temperature: 1, topP: 0.95, seed })(logits, i),
      );
    expect(run(3)).toEqual(run(3));
    expect(run(3)).not.toEqual(run(4));
  });
});
