/**
 * The run controls of a study as a pure table of phases and actions, without timers, worker or
 * React.
 *
 * `idle`: nothing runs, but an earlier state may be visible. `running`: computes. `paused`: holds
 * part of a run. `stopped`: waits for the user's decision after the engine died twice. `done`:
 * holds a finished run.
 */
export type Phase = 'idle' | 'running' | 'paused' | 'stopped' | 'done';

export type RunAction =
  | 'play'
  | 'pause'
  | 'step'
  | 'reset'
  | 'stopped'
  /** A finished run is visible: this one has ended, or an earlier one is shown. */
  | 'whole'
  /** Part of a run is visible, from which it can resume. */
  | 'part';

const shows = { whole: 'done', part: 'paused', reset: 'idle' } as const;

const table: Record<Phase, Partial<Record<RunAction, Phase>>> = {
  idle: { play: 'running', step: 'paused', ...shows },
  running: { pause: 'paused', stopped: 'stopped', ...shows },
  paused: { play: 'running', step: 'paused', stopped: 'stopped', ...shows },
  stopped: { play: 'running', ...shows },
  done: { play: 'running', step: 'paused', ...shows },
};

/** The next phase; the same phase if the action does not apply. */
export const next = (phase: Phase, action: RunAction): Phase => table[phase][action] ?? phase;

export const can = (phase: Phase, action: RunAction): boolean => table[phase][action] !== undefined;

export interface Buttons {
  playing: boolean;
  play: boolean;
  step: boolean;
  reset: boolean;
}

/**
 * The enabled buttons. `left`: part of the experiment is not computed yet; `more`: a finished run
 * can be extended; `seen`: a state is visible.
 */
export function buttons(
  phase: Phase,
  { left, more, seen }: { left: boolean; more: boolean; seen: boolean },
): Buttons {
  const waits = phase !== 'running' && phase !== 'stopped';
  return {
    playing: phase === 'running',
    play: phase === 'running' || (waits && (left || more)),
    step: waits && left,
    reset: seen && phase !== 'stopped',
  };
}
