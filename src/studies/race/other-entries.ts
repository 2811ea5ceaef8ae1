/** Ranks and start values of the entries that are not importance methods (`entries.ts`). */
import { AtlasError } from '../../errors.ts';
import { randomImportance, uniformImportance } from '../../methods/allocation/baselines.ts';
import { equalBudgetRanks, inverseImportance } from '../../methods/allocation/equal-budget.ts';
import { atOnce } from '../../methods/importance/contract.ts';
import { evaAdapters, evaComponents } from '../../methods/importance/eva.run.ts';
import { rescaled } from '../../methods/lora.ts';
import type { OtherEntryCode } from './entries.ts';
import { importedAdapter, mapBy, proportional, SCALE } from './measure.ts';

export const uniform: OtherEntryCode = async function* (context) {
  return proportional(context, uniformImportance(context.model.modules.length));
};

export const random: OtherEntryCode = async function* (context) {
  const { modules } = context.model;
  const of = modules.length;
  return {
    ...proportional(context, uniformImportance(of)),
    importances: null,
    ranks: (budget, seed) => equalBudgetRanks(randomImportance(of, seed), modules, budget),
  };
};

export const inverse: OtherEntryCode = async function* (context, { known }) {
  return proportional(context, inverseImportance(known ?? (yield* mapBy(context, 'adarank'))));
};

export const imported: OtherEntryCode = async function* (context) {
  const { values, scales } = importedAdapter(context);
  const ranks = context.model.modules.map((_, m) => values.find((v) => v.module === m)?.rank ?? 0);
  const start = rescaled(
    values,
    (module) => scales[values.findIndex((v) => v.module === module)]!,
    () => SCALE,
  );
  return { importances: null, ranks: () => ranks, adapters: () => start };
};

export const evaUniform: OtherEntryCode = async function* (context, { batch }) {
  const {
    engine,
    spec: { race },
    model: { modules },
  } = context;
  const { ranks } = proportional(context, uniformImportance(modules.length));
  const maxRank = Math.max(
    ...race.meanRanks.flatMap((meanRank) => ranks({ meanRank, equal: race.equal }, 0)),
  );
  const components = yield* atOnce(() => evaComponents(engine, batch, maxRank));
  const fewest = Math.min(...components.map((c) => c.directions.length));
  if (fewest < maxRank)
    throw new AtlasError('bad-spec', {
      at: 'race.sequences',
      why: `some inputs have only ${fewest} directions, but rank ${maxRank} needs ${maxRank}; use more sequences or a lower mean rank`,
    });
  return {
    importances: null,
    ranks,
    adapters: (_, given) => evaAdapters(components, modules, given),
  };
};
