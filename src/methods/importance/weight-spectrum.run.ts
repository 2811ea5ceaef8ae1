/**
 * Stable rank of a weight, `‖W‖_F² / ‖W‖₂²`: the effective number of equally strong directions.
 * Needs only the weights.
 *
 * Source: methods.md, "Baselines and neighbours".
 */
import { elementAt } from '../../checked.ts';
import type { Engine } from '../../engine/engine.ts';
import { largestSingularValue } from '../singular.ts';
import type { Steps } from './contract.ts';

/**
 * Stable rank of one module's dequantised weight, between 1 and min(in, out); 0 for a weight of
 * zeros.
 */
export function stableRank(
  engine: Pick<Engine, 'modules' | 'materialiseWeight'>,
  module: number,
): number {
  const weight = engine.materialiseWeight(module);
  let squares = 0;
  for (let i = 0; i < weight.length; i++) squares += weight[i]! * weight[i]!;
  return squares === 0
    ? 0
    : squares / largestSingularValue(weight, elementAt(engine.modules, module).inFeatures) ** 2;
}

/** Computes the stable rank of every module, one per step. */
export async function* stableRanks(
  engine: Pick<Engine, 'modules' | 'materialiseWeight'>,
): Steps<number[]> {
  const ranks: number[] = [];
  for (const { index } of engine.modules) {
    yield { done: index, of: engine.modules.length };
    ranks.push(stableRank(engine, index));
  }
  return ranks;
}
