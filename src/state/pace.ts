/** How long a run takes here, from the runs measured on this machine: the page promises no time it has not seen. */
import type { ExperimentSpec } from '../experiment/spec.ts';
import { useModel } from './model-store.ts';
import { useRun } from './run-store.ts';

/** Seconds for an experiment, scaled from the newest result of the same model and provider kind; null if there is none. */
export function timeOf(spec: ExperimentSpec): number | null {
  const { facts, provider } = useModel.getState();
  const known = useRun.getState().results.find(({ result }) => result.model.hash === facts?.hash && result.provider.kind === provider?.kind
    && result.spec.method.variant === spec.method.variant && result.spec.method.vocabularySample === spec.method.vocabularySample);
  if (!known || known.result.times.measure === 0) return null;
  const { times, tokens, modules } = known.result;
  const repeats = modules[0]!.draws.length;
  const size = (spec.sequences * spec.length) / (tokens.sequences * tokens.length);
  return (size * (times.clean + (times.measure * spec.method.repeats) / repeats)) / 1000;
}
