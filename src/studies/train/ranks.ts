/** The ranks of a training run's adapters, and their start values. */
import { defined } from '../../checked.ts';
import { HEAD_PATH } from '../../compiler/modules.ts';
import type { AdapterValues } from '../../engine/engine.ts';
import { AtlasError } from '../../errors.ts';
import { allocate } from '../../methods/allocation/allocate.ts';
import { loraScale, rescaled } from '../../methods/lora.ts';
import type { StudyContext } from '../context.ts';
import type { ModelFacts } from '../map/events.ts';
import type { TrainSettings } from './settings.ts';

export interface TrainRanks {
  /** Rank of every module by index; QDyLoRA: the largest rank of the module. */
  ranks: number[];
  /** The adapter to start from, rescaled to the experiment's scale; null: new adapters. */
  given: AdapterValues[] | null;
}

/**
 * Determines ranks and start values. `known`: ranks of the run that is resumed; its checkpoint has
 * the adapters. Throws `bad-spec` for a missing adapter or map, an unknown path, a rank above the
 * module's size, or if no module has a rank; throws `head-not-trained`.
 */
export function trainRanks(context: StudyContext, known?: readonly number[]): TrainRanks {
  const { train } = context.spec;
  const { modules } = context.model;
  const given = train.start === 'given' && !known ? givenAdapter(context) : null;
  const settled = train.start === 'fresh' && train.ranks.kind !== 'map';
  const ranks = given
    ? modules.map(({ index }) => given.find((v) => v.module === index)?.rank ?? 0)
    : known && !settled
      ? [...known]
      : settledRanks(train.ranks, context);
  if (ranks.every((r) => r === 0))
    throw new AtlasError('bad-spec', { at: 'train.ranks', why: 'no module has a rank above 0' });
  checkRanks(ranks, modules);
  return { ranks, given };
}

function settledRanks(
  ranks: TrainSettings['ranks'],
  { spec: { allocation }, importances, model: { modules } }: StudyContext,
): number[] {
  switch (ranks.kind) {
    case 'uniform':
      return modules.map(() => ranks.rank);
    case 'listed':
      return listedRanks(ranks.ranks, modules);
    case 'map':
      if (!importances)
        throw new AtlasError('bad-spec', {
          at: 'train.ranks',
          why: 'it needs the ranks of the map, but nothing is measured yet',
        });
      return allocate(importances, modules, { ...allocation, meanRank: ranks.mean }).ranks;
  }
}

function listedRanks(
  listed: Readonly<Record<string, number>>,
  modules: ModelFacts['modules'],
): number[] {
  const known = new Set(modules.map((m) => m.path));
  const strange = Object.keys(listed).find((path) => !known.has(path));
  if (strange === HEAD_PATH) throw new AtlasError('head-not-trained');
  if (strange !== undefined)
    throw new AtlasError('bad-spec', {
      at: 'train.ranks',
      why: `this model has no module "${strange.slice(0, 80)}"`,
    });
  return modules.map(({ path }) => (Object.hasOwn(listed, path) ? defined(listed[path]) : 0));
}

function checkRanks(ranks: readonly number[], modules: ModelFacts['modules']): void {
  modules.forEach(({ path, inFeatures, outFeatures }, i) => {
    const maxRank = Math.min(inFeatures, outFeatures);
    if (ranks[i]! > maxRank)
      throw new AtlasError('bad-spec', {
        at: 'train.ranks',
        why: `rank ${ranks[i]!} is above the largest rank of ${path}, ${maxRank}`,
      });
  });
}

/**
 * The imported adapter. Its change of the weights is preserved, whatever the experiment's scale.
 */
function givenAdapter({
  savedAdapter,
  spec: { train },
  model: { modules },
}: StudyContext): AdapterValues[] {
  const found = savedAdapter('imported');
  if (!found)
    throw new AtlasError('bad-spec', {
      at: 'train.start',
      why: 'the start adapter is missing',
    });
  const { values, scales } = found;
  if (values.some((v) => v.module >= modules.length)) throw new AtlasError('head-not-trained');
  const had = new Map(values.map((v, i) => [v.module, scales[i]!]));
  const has = new Map(values.map((v) => [v.module, loraScale(v.rank, train.scale)]));
  return rescaled(
    values,
    (module) => defined(had.get(module)),
    (module) => defined(has.get(module)),
  );
}
