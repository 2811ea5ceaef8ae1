/** Runs a fixed part of `npm run fuzz`: the same damaged inputs of every kind each time. */
import { describe, expect, test } from 'vitest';
import { inputOf, runBatch } from './batch.ts';
import { kinds } from './kinds.ts';

/** Total number of inputs. Kinds that open a session get a quarter of their share. */
const INPUTS = 2500;

describe('damaged inputs are refused in a sentence, or give what they should', () => {
  test.for(Object.entries(kinds))('%s', { timeout: 120_000 }, async ([name, kind]) => {
    const to = Math.max(3, Math.round((INPUTS * kind.share) / (kind.open ? 4000 : 1000)));
    const { counts, findings, next } = await runBatch(kind, { kind: name, from: 0, to }, 1);
    expect(findings.map(({ index, what, detail }) => `${index} ${what}: ${detail}`)).toEqual([]);
    expect(next).toBe(to);
    expect(counts.refused).toBeGreaterThan(0);
    expect(counts.accepted + counts.refused).toBe(to);
  });

  test('an input is the same every time, and another with another seed or index', () => {
    for (const [name, kind] of Object.entries(kinds)) {
      const text = (seed: number, index: number) =>
        inputOf(kind, name, seed, index)
          .map(([, bytes]) => Buffer.from(bytes).toString('latin1'))
          .join();
      expect(text(3, 5)).toBe(text(3, 5));
      expect(new Set([text(3, 5), text(3, 6), text(4, 5)]).size).toBe(3);
    }
  });
});
