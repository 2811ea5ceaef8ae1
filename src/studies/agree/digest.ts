/**
 * What a link says of a comparison of methods: the correlation of every pair, and of every method
 * the mean of its importances and how they are distributed over the modules.
 */
import type { EvidenceOf } from '../digest.ts';
import type { AgreeMeasurement, AgreeState } from './state.ts';

export const agreeEvidence: EvidenceOf<AgreeState> = ({ result }) => {
  if (!result) return null;
  const { model, provider, measured, spearman } = result;
  return {
    model: model.hash,
    provider: provider.kind,
    exact: {},
    measured: {
      correlations: {
        values: spearman.flatMap((row, i) => row.slice(0, i)),
        decimals: 3,
        tolerance: { wasm: 0, other: 0.002 },
      },
      importances: {
        values: measured.flatMap(momentsOf),
        decimals: 3,
        tolerance: { wasm: 0, other: 0.002 },
      },
    },
  };
};

/**
 * The logarithm of the mean, and the mean and mean square of the module's position in the model,
 * 0 to 1, weighted by importance. Null if all importances are 0.
 */
function momentsOf({ importances }: AgreeMeasurement): (number | null)[] {
  const total = importances.reduce((a, b) => a + b, 0);
  if (!(total > 0)) return [null, null, null];
  const moment = (power: number) =>
    importances.reduce((sum, v, i) => sum + v * (i / importances.length) ** power, 0) / total;
  return [Math.log(total / importances.length), moment(1), moment(2)];
}
