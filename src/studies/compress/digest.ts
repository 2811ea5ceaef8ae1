/**
 * What a link says of a compression: the accepted removals, the accuracies and losses before and
 * after each, and how well the prediction agrees with the measured changes.
 */
import { elementAt } from '../../checked.ts';
import { LOSS } from '../loss-tolerance.ts';
import type { EvidenceOf } from '../digest.ts';
import { agreementOf, type CompressState } from './state.ts';

export const compressEvidence: EvidenceOf<CompressState> = ({ result }) => {
  if (!result) return null;
  const { model, provider, calibration, trials, accepted, test, checks } = result;
  const before = [calibration.before, calibration.after];
  return {
    model: model.hash,
    provider: provider.kind,
    exact: {
      removals: accepted.map((i) => {
        const { path, blocks, keep } = elementAt(trials, i);
        // A module without components is the same in any number of row blocks.
        return keep.some((k) => k > 0) ? [path, blocks, keep] : [path];
      }),
    },
    measured: {
      losses: {
        values: [...before, ...test.steps]
          .map((f) => f.loss)
          .concat(test.steps.map((f) => f.plain)),
        ...LOSS,
      },
      accuracy: {
        values: [...before, ...test.steps].map((f) => f.accuracy),
        decimals: 4,
        // One answer may change where two options are equally likely.
        tolerance: { wasm: 0, other: 1 / Math.min(calibration.samples, test.samples) },
      },
      correlations: {
        values: [agreementOf(trials), agreementOf(checks)].flatMap((a) => [
          a?.pearson ?? null,
          a?.spearman ?? null,
        ]),
        decimals: 3,
        tolerance: { wasm: 0, other: 0.02 },
      },
    },
  };
};
