/**
 * The transport's states and what moves between them, as a pure table: no timers, no worker, no
 * React. Every study has one.
 *
 * `idle` has nothing running (there may be an earlier state in view), `running` computes, `paused`
 * holds a part of a run, `stopped` waits for a decision after the engine died twice, `done` has a
 * whole one.
 */
export type Phase = 'idle' | 'running' | 'paused' | 'stopped' | 'done';

export type TransportAction =
  | 'play'
  | 'pause'
  | 'step'
  | 'reset'
  | 'stopped'
  /** A whole run is in view: this one has ended, or an earlier one is put there. */
  | 'whole'
  /** Part of a run is in view, from which Play goes on. */
  | 'part';

const shows = { whole: 'done', part: 'paused', reset: 'idle' } as const;

const table: Record<Phase, Partial<Record<TransportAction, Phase>>> = {
  idle: { play: 'running', step: 'paused', ...shows },
  running: { pause: 'paused', stopped: 'stopped', ...shows },
  paused: { play: 'running', step: 'paused', stopped: 'stopped', ...shows },
  stopped: { play: 'running', ...shows },
  done: { play: 'running', step: 'paused', ...shows },
};

/** The next phase; an action that does not apply changes nothing. */
export const next = (phase: Phase, action: TransportAction): Phase => table[phase][action] ?? phase;

export const can = (phase: Phase, action: TransportAction): boolean =>
  table[phase][action] !== undefined;

export interface Buttons {
  playing: boolean;
  play: boolean;
  step: boolean;
  reset: boolean;
}

/**
 * Which buttons work. `left`: there is something to compute that was asked for; `more`: Play could
 * add to a whole run; `seen`: there is a state in view.
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
