/** The measurement in view, where the transport stands, and the last results. */
import { create } from 'zustand';
import type { Measurement } from '../experiment/measurement.ts';
import { parseResult, type RunResult } from '../experiment/result.ts';
import { specKey } from '../experiment/settings.ts';
import { defaultSpec } from '../experiment/schema.ts';
import { remember, remembered } from './storage.ts';
import { next, type Phase, type TransportAction } from './transport.ts';

/** What the map shows: a measurement, finished or not. */
export type Shown = Measurement;

export interface KeptResult { key: string; result: RunResult; at: number }

interface RunState {
  phase: Phase;
  shown: Shown | null;
  /** The run waits for the tab to come into view. */
  waiting: boolean;
  /** Repeat from which a run went on after the engine died, while that is news. */
  restarted: number | null;
  results: readonly KeptResult[];
  /** Two kept results side by side, by key; or a kept one against the link it came from. */
  comparing: { a: KeptResult; b: KeptResult } | null;
}

interface RunActions {
  act(action: TransportAction): void;
  set(patch: Partial<RunState>): void;
  keep(result: RunResult): void;
}

const MOST_RESULTS = 20;

/** A result's key: what was measured. Ranks follow from it for any budget, so the allocation is no part of it. */
export const resultKey = (result: RunResult): string =>
  `${specKey({ ...result.spec, allocation: defaultSpec().allocation })} ${result.model.hash} ${result.tokens.hash}`;

function restore(): KeptResult[] {
  try {
    const kept = JSON.parse(remembered('results') ?? '[]') as KeptResult[];
    return kept.slice(0, MOST_RESULTS).map(({ key, result, at }) => ({ key: String(key), result: parseResult(result), at: Number(at) || 0 }));
  } catch {
    return [];
  }
}

export const useRun = create<RunState & RunActions>()((set, get) => ({
  phase: 'loading',
  shown: null,
  waiting: false,
  restarted: null,
  results: restore(),
  comparing: null,
  act(action) {
    set({ phase: next(get().phase, action) });
  },
  set,
  keep(result) {
    const key = resultKey(result);
    const results = [{ key, result, at: Date.now() }, ...get().results.filter((r) => r.key !== key)].slice(0, MOST_RESULTS);
    set({ results });
    remember('results', JSON.stringify(results));
  },
}));
