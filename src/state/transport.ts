/**
 * The transport's states and what moves between them, as a pure table: no timers, no worker, no
 * React.
 *
 * `loading` reads runtime and model, `empty` has no model to run, `idle` has nothing measured in
 * view, `running` probes, `paused` holds a part of a run, `done` a whole one, `stopped` waits for a
 * decision after the engine died twice, `recorded` shows a run from elsewhere because no engine
 * works here.
 */
export type Phase =
  'loading' | 'empty' | 'idle' | 'running' | 'paused' | 'done' | 'stopped' | 'recorded';

export type TransportAction =
  | 'load'
  | 'opened'
  | 'open-failed'
  | 'no-engine'
  | 'play'
  | 'pause'
  | 'step'
  | 'reset'
  | 'finished'
  | 'failed'
  | 'stopped'
  /** An earlier result, or part of one, is put back in view. */
  | 'restore-whole'
  | 'restore-part';

const table: Record<Phase, Partial<Record<TransportAction, Phase>>> = {
  loading: {
    opened: 'idle',
    'open-failed': 'empty',
    'no-engine': 'recorded',
    'restore-whole': 'done',
    'restore-part': 'paused',
  },
  empty: { load: 'loading', 'no-engine': 'recorded' },
  idle: {
    play: 'running',
    step: 'paused',
    load: 'loading',
    'restore-whole': 'done',
    'restore-part': 'paused',
    reset: 'idle',
  },
  running: {
    pause: 'paused',
    finished: 'done',
    reset: 'idle',
    failed: 'paused',
    stopped: 'stopped',
    load: 'loading',
    'restore-whole': 'done',
    'restore-part': 'paused',
  },
  paused: {
    play: 'running',
    step: 'paused',
    reset: 'idle',
    finished: 'done',
    failed: 'paused',
    stopped: 'stopped',
    load: 'loading',
    'restore-whole': 'done',
    'restore-part': 'paused',
  },
  done: {
    play: 'running',
    step: 'paused',
    reset: 'idle',
    load: 'loading',
    'restore-whole': 'done',
    'restore-part': 'paused',
  },
  stopped: { load: 'loading', reset: 'idle' },
  recorded: { load: 'loading' },
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
 * Which transport buttons work. `more`: there is something left to measure (repeats to add, or
 * changed settings).
 */
export function buttons(phase: Phase, more: boolean): Buttons {
  const playing = phase === 'running';
  const idleWork = phase === 'idle' || phase === 'paused' || (phase === 'done' && more);
  return {
    playing,
    play: playing || idleWork,
    step: idleWork,
    reset: phase === 'running' || phase === 'paused' || phase === 'done',
  };
}
