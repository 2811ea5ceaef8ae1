/** Progress of a pruning run until its base exists, 0 to 1. */
import { pruneProgress, type PruneState } from './state.ts';

export function prunedShare(state: PruneState): number {
  const { doing, rounds: begun, spec } = state;
  if (!doing || doing.round === 0) return begun.length === 0 ? 0 : 1;
  const part = pruneProgress(state);
  const ofRound =
    doing.what === 'repair' ? 0.5 + part / 2 : doing.what === 'judge' ? 0.5 : part / 2;
  return (doing.round - 1 + ofRound) / spec.prune.rounds;
}
