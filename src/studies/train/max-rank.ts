/** The largest rank of a training run. */
import type { TrainSettings } from './settings.ts';

/** The largest rank if the settings determine it; null if the map or the imported adapter does. */
export function knownMaxRank({ start, ranks }: TrainSettings): number | null {
  if (start === 'given' || ranks.kind === 'map') return null;
  return ranks.kind === 'uniform' ? ranks.rank : Math.max(0, ...Object.values(ranks.ranks));
}

/** An estimate of the largest rank before it is known; for ranks from the map, their mean. */
export const likelyMaxRank = (train: TrainSettings): number =>
  knownMaxRank(train) ?? (train.ranks.kind === 'map' ? train.ranks.mean : 1);
