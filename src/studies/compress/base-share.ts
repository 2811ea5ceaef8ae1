/** Progress of a compress run until its base exists, 0 to 1. */
import { elementAt } from '../../checked.ts';
import { compressProgress, type CompressPhase, type CompressState } from './state.ts';

/** The phases that the base needs, and the approximate fraction of the time each takes. */
const PHASES: Partial<Record<CompressPhase, number>> = {
  svd: 0.4,
  samples: 0.02,
  gradients: 0.3,
  checks: 0.08,
  scan: 0.2,
};

export function compressedShare(state: CompressState): number {
  const now = state.progress?.phase;
  const phases = Object.entries(PHASES);
  const at = phases.findIndex(([phase]) => phase === now);
  return (
    phases.slice(0, Math.max(at, 0)).reduce((sum, [, share]) => sum + share, 0) +
    (at < 0 ? 0 : elementAt(phases, at)[1] * compressProgress(state))
  );
}
