/**
 * What a link says of a training run: the rank of every module, and the held-out losses during
 * training, at every rank of the curve and of the separate LoRAs.
 */
import { LOSS } from '../loss-tolerance.ts';
import type { EvidenceOf } from '../digest.ts';
import type { TrainState } from './state.ts';

export const trainEvidence: EvidenceOf<TrainState> = ({ result }) => {
  if (!result) return null;
  const { model, provider, modules, training, curve, separate } = result;
  return {
    model: model.hash,
    provider: provider.kind,
    exact: { ranks: modules.map((m) => [m.path, m.rank]) },
    measured: {
      losses: {
        values: [
          ...training.evaluations.map((e) => e.loss),
          ...(curve?.losses.map((l) => l.loss) ?? []),
          ...separate.map(({ evaluations }) => evaluations.at(-1)?.loss ?? null),
        ],
        ...LOSS,
      },
    },
  };
};
