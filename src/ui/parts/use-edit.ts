/**
 * Changes a setting after validation by the schema. An invalid change is discarded, and the banner
 * shows the error.
 */
import { AtlasError } from '../../errors.ts';
import { parseSpec } from '../../experiment/schema.ts';
import type { ExperimentSpec } from '../../studies/spec.ts';
import { useExperiment } from '../../state/experiment-store.ts';
import { useModel } from '../../state/model-store.ts';

export function useEdit() {
  const edit = useExperiment((e) => e.edit);
  return (key: string, change: (spec: ExperimentSpec) => ExperimentSpec) => {
    try {
      const next = parseSpec(change(useExperiment.getState().spec));
      useModel.setState({ failure: null });
      edit(() => next, key);
    } catch (error) {
      if (!(error instanceof AtlasError)) throw error;
      useModel.setState({ failure: { code: error.code, values: error.values } });
    }
  };
}
