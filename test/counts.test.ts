/**
 * Tests that the engine's GPU calls for the bundled model do not grow. `npm run counts` also covers
 * SmolLM2.
 */
import { expect, test } from 'vitest';
import { defined } from '../src/checked.ts';
import { committed, grown } from '../bench/counts/table.ts';
import { MODELS, openCounter } from '../bench/counts/work.ts';

test(
  'the bundled model needs no more runs, dispatches, waits or bytes than in bench/results/counts.json',
  { timeout: 180_000 },
  async () => {
    const count = await openCounter();
    const work = await count(defined(await defined(MODELS['atlas-3m'])()));
    expect(grown({ 'atlas-3m': work }, committed())).toEqual([]);
  },
);
