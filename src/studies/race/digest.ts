/**
 * What a link says of a race: the ranks of every run, its held-out losses, and the order of the
 * entries by their mean loss. A race of many runs is covered by the mean losses of its entries.
 */
import { LOSS } from '../loss-tolerance.ts';
import type { EvidenceOf } from '../digest.ts';
import type { RankingRow } from './ranking.ts';
import type { RaceRun, RaceState } from './state.ts';

/** More losses than this would make a link too long. */
const MOST_LOSSES = 30;

export const raceEvidence: EvidenceOf<RaceState> = ({ result }) => {
  if (!result) return null;
  const { model, provider, spec, base, lanes, standings } = result;
  return {
    model: model.hash,
    provider: provider.kind,
    exact: { ranks: lanes.map((l) => [l.entry, l.meanRank, l.seed, l.ranks]) },
    measured: { losses: { values: [base, ...lossesOf(lanes, standings)], ...LOSS } },
    order: spec.race.meanRanks.map((r) => orderAt(standings, r)),
  };
};

function lossesOf(lanes: readonly RaceRun[], standings: readonly RankingRow[]) {
  // The first loss of most runs is that of the base.
  const all = lanes.flatMap(({ points }) => points.filter((p) => p.step > 0).map((p) => p.loss));
  return all.length <= MOST_LOSSES ? all : standings.map((row) => row.loss);
}

const orderAt = (standings: readonly RankingRow[], meanRank: number) =>
  standings
    .filter((row) => row.meanRank === meanRank)
    .sort((a, b) => (a.loss ?? Infinity) - (b.loss ?? Infinity))
    .map((row) => row.entry);
