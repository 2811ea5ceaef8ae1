/** The measurement in view, where the transport stands, and the last results. */
import { create } from 'zustand';
import { sweepsOf } from '../studies/map/draws.ts';
import type { Measurement } from '../studies/map/state.ts';
import type { RunResult } from '../studies/map/result.ts';
import { parseResult } from '../experiment/result-file.ts';
import { specKey } from '../experiment/settings.ts';
import { defaultSpec } from '../experiment/schema.ts';
import { remember, remembered } from './storage.ts';
import { next, type Phase, type TransportAction } from './transport.ts';

/** What the map shows: a measurement, finished or not. */
export type Shown = Measurement;

export interface KeptResult {
  key: string;
  result: RunResult;
  at: number;
}

/**
 * `repeat`: where a measurement went on from; null for a study, which goes on from its checkpoint.
 * `onCpu`: the GPU did not come back.
 */
export interface Restarted {
  what: 'gpu' | 'engine';
  repeat: number | null;
  onCpu: boolean;
}

interface RunState {
  phase: Phase;
  shown: Shown | null;
  /** Largest multiple of the mean module seen in this measurement: the fill's scale only grows. */
  largest: number;
  /** The run waits for the tab to come into view. */
  waiting: boolean;
  /** Draws at which the step under way is over; null: none is. */
  stepping: number | null;
  /** What went on by itself after the engine died, while that is news. */
  restarted: Restarted | null;
  results: readonly KeptResult[];
  /** Two kept results side by side, by key; or a kept one against the link it came from. */
  comparing: { a: KeptResult; b: KeptResult } | null;
}

interface RunActions {
  act(action: TransportAction): void;
  /** Put a measurement in view; null empties it. `fresh` begins a new scale. */
  view(shown: Shown | null, fresh: boolean): void;
  set(patch: Partial<Omit<RunState, 'shown' | 'largest'>>): void;
  keep(result: RunResult): void;
}

const MOST_RESULTS = 20;

/**
 * A result's key: what was measured. Ranks follow from it for any budget, so the allocation is no
 * part of it.
 */
export const resultKey = (result: RunResult): string =>
  `${specKey({ ...result.spec, allocation: defaultSpec().allocation })} ${result.model.hash} ${result.tokens.hash}`;

function largestMultiple(draws: Measurement['draws']): number {
  // Before the first whole sweep the mean is of some modules only, and a multiple of it says
  // little.
  if (sweepsOf(draws) === 0) return 0;
  const means = draws.map((d) => d.reduce((a, b) => a + b, 0) / d.length);
  return Math.max(...means) / (means.reduce((a, b) => a + b, 0) / means.length);
}

function restore(): KeptResult[] {
  try {
    const kept = JSON.parse(remembered('results') ?? '[]') as KeptResult[];
    return kept.slice(0, MOST_RESULTS).map(({ key, result, at }) => ({
      key: String(key),
      result: parseResult(result),
      at: Number(at) || 0,
    }));
  } catch {
    return [];
  }
}

export const useRun = create<RunState & RunActions>()((set, get) => ({
  phase: 'loading',
  shown: null,
  largest: 0,
  waiting: false,
  stepping: null,
  restarted: null,
  results: restore(),
  comparing: null,
  act(action) {
    set({ phase: next(get().phase, action) });
  },
  view(shown, fresh) {
    set((s) => ({
      shown,
      largest: Math.max(fresh ? 0 : s.largest, shown ? largestMultiple(shown.draws) : 0),
    }));
  },
  set,
  keep(result) {
    const key = resultKey(result);
    const results = [
      { key, result, at: Date.now() },
      ...get().results.filter((r) => r.key !== key),
    ].slice(0, MOST_RESULTS);
    set({ results });
    remember('results', JSON.stringify(results));
  },
}));
