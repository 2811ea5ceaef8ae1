/**
 * The CPU provider against plain loops, and samples of the vocabulary. WebGPU: `webgpu.test.ts`.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { backendSuite } from './test-backend-suite.ts';
import { cpuBackend } from './test-backends.ts';
import { headAdapterSuite } from '../head/test-head-adapter-suite.ts';
import { sampleTokens } from '../head/vocabulary-chunks.ts';

const backend = await cpuBackend();

describe('WASM backend', () => {
  afterAll(() => backend.dispose());
  backendSuite(backend);
  headAdapterSuite(backend);
});

describe('sampleTokens', () => {
  it('draws without replacement, each token with equal frequency', () => {
    const counts = new Float64Array(50);
    for (let seed = 0; seed < 4000; seed++) {
      const tokens = sampleTokens(50, { size: 10, seed });
      expect(new Set(tokens).size).toBe(10);
      for (const t of tokens) counts[t]!++;
    }
    // 800 expected, standard deviation 25: five standard deviations.
    for (const count of counts) expect(Math.abs(count - 800)).toBeLessThan(127);
    expect(sampleTokens(50, { size: 10, seed: 1 })).toEqual(
      sampleTokens(50, { size: 10, seed: 1 }),
    );
  });
});
