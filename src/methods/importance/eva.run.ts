/**
 * EVA, explained variance adaptation: modules with a few dominant input directions get more rank,
 * and `A` starts as those directions.
 *
 * Source: arXiv 2410.07170; huggingface/peft `tuners/lora/eva.py`; methods.md, "Baselines and
 * neighbours". As in PEFT, the components are those of the inputs about their mean, weighted by
 * their share of the total variance. The budget goes to the largest shares of all modules, no
 * module gets more than ρ times the mean rank (ρ = 2) or its full rank (ours), and `A` is the unit
 * directions. PEFT updates the components batch by batch until they converge; here they are exact,
 * from one batch.
 */
import { elementAt } from '../../checked.ts';
import type { ModuleInfo } from '../../compiler/modules.ts';
import type { AdapterValues, GradientEngine, TokenBatch } from '../../engine/engine.ts';
import { costsOf, type EqualBudget } from '../allocation/equal-budget.ts';
import { fullRank, type Shape } from '../allocation/allocate.ts';
import { atOnce, type OwnAllocation, type Steps } from './contract.ts';
import { principalComponents, type Components } from '../principal.ts';

const RHO = 2;

/** Maximum components of a module at this mean rank. */
export const maxComponents = (meanRank: number): number => Math.max(1, Math.round(RHO * meanRank));

/** The first `count` components of every module's input. Throws what `gradientTaps` throws. */
export async function evaComponents(
  engine: GradientEngine,
  batch: TokenBatch,
  count: number,
): Promise<Components[]> {
  const found = new Array<Components>(engine.modules.length);
  const tokens = batch.sequences * batch.length;
  let last: { x: Float32Array; components: Components } | null = null;
  await engine.gradientTaps(batch, (module, x) => {
    // Modules with the same input are consecutive.
    if (last?.x !== x) last = { x, components: principalComponents(x, tokens, count) };
    found[module] = last.components;
  });
  return found;
}

/**
 * Ranks from shares of variance, largest first, until one more would not bring the cost closer to
 * the budget.
 */
export function evaRanks(
  components: readonly Pick<Components, 'shares'>[],
  shapes: readonly Shape[],
  budget: EqualBudget,
): number[] {
  const costs = costsOf(shapes, budget.equal);
  const maxCount = maxComponents(budget.meanRank);
  const ranks = shapes.map(() => 0);
  const offers = components
    .flatMap(({ shares }, module) =>
      shares
        .slice(0, Math.min(maxCount, fullRank(elementAt(shapes, module))))
        .map((share) => ({ module, share })),
    )
    .sort((a, b) => b.share - a.share);
  let left = budget.meanRank * costs.reduce((a, b) => a + b, 0);
  for (const { module } of offers) {
    if (costs[module]! / 2 > left) break;
    ranks[module]!++;
    left -= costs[module]!;
  }
  return ranks;
}

/** `A` = the first directions of each module's input, `B` = 0. */
export function evaAdapters(
  components: readonly Components[],
  modules: readonly ModuleInfo[],
  ranks: readonly number[],
): AdapterValues[] {
  return modules
    .filter((m) => ranks[m.index]! > 0)
    .map(({ index, inFeatures, outFeatures }) => {
      const rank = ranks[index]!;
      const loraA = new Float32Array(rank * inFeatures);
      elementAt(components, index)
        .directions.slice(0, rank)
        .forEach((d, r) => loraA.set(d, r * inFeatures));
      return { module: index, rank, loraA, loraB: new Float32Array(outFeatures * rank) };
    });
}

/**
 * Computes components for mean ranks up to `largest`. The result gives ranks and adapters for any
 * such budget.
 */
export async function* evaAllocation(
  engine: GradientEngine,
  batch: TokenBatch,
  largest: number,
): Steps<OwnAllocation> {
  const components = yield* atOnce(() => evaComponents(engine, batch, maxComponents(largest)));
  return {
    ranks: (budget) => evaRanks(components, engine.modules, budget),
    adapters: (ranks) => evaAdapters(components, engine.modules, ranks),
  };
}
