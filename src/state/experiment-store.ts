/**
 * The current experiment, with undo and redo of settings and resets. Edits with the same key within
 * a second merge into one step of the history, so dragging or typing a setting is one step.
 */
import { create } from 'zustand';
import { defaultSpec } from '../experiment/schema.ts';
import type { ExperimentSpec, StudyKind } from '../studies/spec.ts';
import type { Measurement } from '../studies/map/state.ts';

/** What undo restores. `shown` is present only if the step changed the view (reset). */
export interface Step {
  spec: ExperimentSpec;
  shown?: Measurement | null;
}

interface ExperimentState {
  spec: ExperimentSpec;
  past: readonly Step[];
  future: readonly Step[];
  /** Key and time of the last edit, for merging. */
  last: { key: string; at: number } | null;
}

interface ExperimentActions {
  /** Changes settings; `key` names what is edited. */
  edit(change: (spec: ExperimentSpec) => ExperimentSpec, key: string): void;
  /** Replaces the settings without a history step, for a link or a result. */
  replace(spec: ExperimentSpec): void;
  /** Records that the view was emptied. */
  recordReset(shown: Measurement): void;
  /** Moves one step in the history. Returns what the view must show, or undefined if it stays. */
  travel(way: 'undo' | 'redo', now: Measurement | null): Measurement | null | undefined;
}

const MERGE_MS = 1000;
const HISTORY = 100;
/** Maximum number of history steps with a measurement; each holds tens of kilobytes. */
const MEASUREMENTS = 10;

/** The newest steps, limited in number and in measurements. */
function trimmed(past: Step[]): Step[] {
  const measured = past.flatMap((step, i) => (step.shown ? [i] : []));
  return past.slice(Math.max(past.length - HISTORY, measured.at(-MEASUREMENTS) ?? 0, 0));
}

export const useExperiment = create<ExperimentState & ExperimentActions>()((set, get) => ({
  spec: defaultSpec(),
  past: [],
  future: [],
  last: null,
  edit(change, key) {
    const { spec, past, last } = get();
    const edited = change(spec);
    if (JSON.stringify(edited) === JSON.stringify(spec)) return;
    const at = Date.now();
    const merge = last?.key === key && at - last.at < MERGE_MS;
    set({
      spec: edited,
      past: merge ? past : [...past, { spec }].slice(-HISTORY),
      future: [],
      last: { key, at },
    });
  },
  replace(spec) {
    set({ spec, past: [], future: [], last: null });
  },
  recordReset(shown) {
    const { spec, past } = get();
    set({ past: trimmed([...past, { spec, shown }]), future: [], last: null });
  },
  travel(way, now) {
    const { spec, past, future } = get();
    const from = way === 'undo' ? past : future;
    const step = from.at(-1);
    if (!step) return undefined;
    const back: Step = step.shown === undefined ? { spec } : { spec, shown: now };
    set(
      way === 'undo'
        ? { spec: step.spec, past: past.slice(0, -1), future: [...future, back], last: null }
        : { spec: step.spec, past: [...past, back], future: future.slice(0, -1), last: null },
    );
    return step.shown;
  },
}));

/** Opens a study's tab. This is not a history step, because it changes no setting. */
export function openStudy(study: StudyKind): void {
  useExperiment.setState(({ spec }) => ({ spec: { ...spec, study } }));
}
