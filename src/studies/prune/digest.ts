/**
 * What a link says of a pruning run: the ranks and the zeros of every layer in every round, and all
 * held-out losses.
 */
import { LOSS } from '../loss-tolerance.ts';
import type { EvidenceOf } from '../digest.ts';
import type { PruneState } from './state.ts';

export const pruneEvidence: EvidenceOf<PruneState> = ({ result }) => {
  if (!result) return null;
  const { model, provider, dense, rounds, wanda, masked, lora, stored } = result;
  return {
    model: model.hash,
    provider: provider.kind,
    exact: { ranks: rounds.map((r) => r.ranks), zeros: rounds.map((r) => r.zeros) },
    measured: {
      losses: {
        values: [
          dense?.loss ?? null,
          ...rounds.flatMap((r) => [r.pruned, r.repaired]),
          wanda?.loss ?? null,
          masked?.loss ?? null,
          lora?.merged ?? null,
          lora?.masked ?? null,
          ...stored.map((s) => s.loss),
        ],
        ...LOSS,
      },
    },
  };
};
