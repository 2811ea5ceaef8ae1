/**
 * Estimates the memory that a training run needs in addition to the model. Ranks from the map count
 * as uniform.
 */
import { nf4Bytes, trainingBytes } from '../../model/training-memory.ts';
import type { StudyNeed } from '../contract.ts';
import { likelyMaxRank } from './max-rank.ts';

export const trainNeed: StudyNeed = ({ training: { batch: sequences, length }, train }, model) => {
  const { ranks } = train;
  const rankOf = (path: string) =>
    ranks.kind === 'listed' ? (ranks.ranks[path] ?? 0) : likelyMaxRank(train);
  const load = { sequences, length, ranks: model.modules.map(({ path }) => rankOf(path)) };
  return trainingBytes(model, load, false) + (train.base === 'nf4' ? nf4Bytes(model) : 0);
};
