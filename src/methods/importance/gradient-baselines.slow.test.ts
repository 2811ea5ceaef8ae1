/** Gradient norms, Fisher and GoRA of SmolLM2-135M against PyTorch, all 210 modules on WASM. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defined, elementAt } from '../../checked.ts';
import { hasShared, sharedPath } from '../../../test/shared.ts';
import { openSmolLm2, type OpenedSmolLm2 } from '../../../test/smollm2.ts';
import type { TrainingBatch } from '../../engine/engine.ts';
import { fisherImportances } from './fisher.ts';
import { goraImportances } from './gora.ts';
import { gradientRanks } from './gradient-rank.run.ts';
import { toEnd } from '../to-end.ts';

interface Reference {
  loss: number;
  modules: Record<
    string,
    { grad_norm: number; fisher: number; gora: number; gora_mean_abs: number }
  >;
}

describe.skipIf(!hasShared)('SmolLM2-135M', () => {
  let opened: OpenedSmolLm2;
  let reference: Reference;
  let batch: TrainingBatch;

  beforeAll(async () => {
    const json = (file: string) =>
      JSON.parse(readFileSync(sharedPath('reference', 'smollm2', file), 'utf8'));
    reference = json('gradients.json');
    const ids: number[][] = json('texts.json').batches.gradients;
    batch = {
      ids: Int32Array.from(ids.flat()),
      sequences: ids.length,
      length: elementAt(ids, 0).length,
    };
    opened = await openSmolLm2();
  }, 300_000);
  afterAll(() => opened.close());

  /** Largest relative difference over the 210 modules. */
  const apart = (
    got: readonly number[],
    field: 'grad_norm' | 'fisher' | 'gora' | 'gora_mean_abs',
  ) => {
    expect(got).toHaveLength(210);
    const errors = opened.engine.modules.map(({ path }, m) =>
      Math.abs(got[m]! / defined(reference.modules[path])[field] - 1),
    );
    const worst = Math.max(...errors);
    console.log(`${field}: largest relative difference ${worst.toExponential(1)}`);
    return worst;
  };

  test('norms of all gradients', async () => {
    const { loss, squaredNorm } = await opened.engine.gradientSums(batch);
    expect(Math.abs(loss - reference.loss)).toBeLessThan(1e-4);
    expect(apart(Array.from(squaredNorm, Math.sqrt), 'grad_norm')).toBeLessThan(1e-3);
  });

  test('Fisher', async () =>
    expect(apart(await fisherImportances(opened.engine, batch), 'fisher')).toBeLessThan(1e-3));

  test('GoRA, both norms', async () => {
    expect(apart(await goraImportances(opened.engine, batch, 'frobenius'), 'gora')).toBeLessThan(
      1e-3,
    );
    expect(apart(await goraImportances(opened.engine, batch), 'gora_mean_abs')).toBeLessThan(1e-3);
  });

  test('effective ranks are no more than the tokens that are predicted', async () => {
    const start = performance.now();
    const ranks = await toEnd(gradientRanks(opened.engine, batch));
    console.log(
      `effective ranks ${Math.min(...ranks).toFixed(1)} to ${Math.max(...ranks).toFixed(1)} in ${((performance.now() - start) / 1000).toFixed(1)} s`,
    );
    for (const rank of ranks) expect(rank).toBeLessThanOrEqual(46);
    for (const rank of ranks) expect(rank).toBeGreaterThan(1);
  });
});
