/**
 * Estimates how long a run takes on this machine from earlier runs. Without a measured run the page
 * shows no time.
 */
import { costOfAll, paceOf } from '../studies/map/draws.ts';
import type { ExperimentSpec } from '../studies/spec.ts';
import type { MethodSpec } from '../spec/spec.ts';
import { useModel } from './model-store.ts';
import { useMap } from './map-store.ts';

/** The settings of a method on which the time of one draw depends. */
const pacing = (method: MethodSpec): unknown[] => [method.name, ...paceOf(method)];

/**
 * Seconds for an experiment, scaled from the newest result of the same method, model and provider
 * kind; null if there is none.
 */
export function timeOf(spec: ExperimentSpec): number | null {
  const { facts, provider } = useModel.getState();
  const known = useMap
    .getState()
    .results.find(
      ({ result }) =>
        result.model.hash === facts?.hash &&
        result.provider.kind === provider?.kind &&
        pacing(result.spec.method).join() === pacing(spec.method).join(),
    );
  if (!known || known.result.times.measure === 0) return null;
  const {
    times,
    tokens,
    modules,
    model: { layers },
    spec: { method },
  } = known.result;
  const size = (spec.sequences * spec.length) / (tokens.sequences * tokens.length);
  const model = { layers, modules };
  const more = costOfAll(spec.method, model, spec.length) / costOfAll(method, model, tokens.length);
  return (size * (times.clean + times.measure * more)) / 1000;
}
