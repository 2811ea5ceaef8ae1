/** What belongs to the map alone: its scale, the last results, and two of them side by side. */
import { create } from 'zustand';
import { defaultSpec } from '../experiment/schema.ts';
import { parseResult } from '../experiment/result-file.ts';
import { sameMeasurement, specKey } from '../experiment/settings.ts';
import { summarise } from '../methods/statistics.ts';
import { sweepsOf, type Draws } from '../studies/map/draws.ts';
import type { RunResult } from '../studies/map/result.ts';
import type { Measurement } from '../studies/map/state.ts';
import { useExperiment } from './experiment-store.ts';
import { useModel } from './model-store.ts';
import { remember, remembered } from './storage.ts';
import { useStudy } from './study-store.ts';
import { useView } from './view-store.ts';

export interface KeptResult {
  key: string;
  result: RunResult;
  at: number;
}

interface MapStore {
  /** Largest multiple of the mean module seen in this measurement: the fill's scale only grows. */
  largest: number;
  /** The run waits for the tab to come into view. */
  waiting: boolean;
  results: readonly KeptResult[];
  /** Two kept results side by side, by key; or a kept one against the link it came from. */
  comparing: { a: KeptResult; b: KeptResult } | null;
}

const MOST_RESULTS = 20;

export const useMap = create<MapStore>()(() => ({
  largest: 0,
  waiting: false,
  results: restore(),
  comparing: null,
}));

/**
 * A result's key: what was measured. Ranks follow from it for any budget, so the allocation is no
 * part of it.
 */
export const resultKey = (result: RunResult): string =>
  `${specKey({ ...result.spec, study: 'map', allocation: defaultSpec().allocation })} ${result.model.hash} ${result.tokens.hash}`;

export function keepResult({ result }: Measurement): void {
  if (!result) return;
  const key = resultKey(result);
  const results = [
    { key, result, at: Date.now() },
    ...useMap.getState().results.filter((r) => r.key !== key),
  ].slice(0, MOST_RESULTS);
  useMap.setState({ results });
  remember('results', JSON.stringify(results));
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

/** Empties the map's view. */
export function clearView(): void {
  useMap.setState({ comparing: null });
  const { view, set } = useStudy.getState();
  view('map', null, null, 0);
  set({ restarted: null });
}

/**
 * Importances of the map in view, where it is of the open model and these settings; null before the
 * first whole sweep.
 */
export function importancesNow(): number[] | null {
  const shown = useStudy.getState().states.map;
  const { facts } = useModel.getState();
  if (
    !shown ||
    shown.model.hash !== facts?.hash ||
    !sameMeasurement(shown.spec, useExperiment.getState().spec) ||
    sweepsOf(shown.draws) === 0
  )
    return null;
  return shown.draws.map((d) => summarise(d).mean);
}

function largestMultiple(draws: Draws): number {
  // Before the first whole sweep the mean is of some modules only, and a multiple of it says
  // little.
  if (sweepsOf(draws) === 0) return 0;
  const means = draws.map((d) => d.reduce((a, b) => a + b, 0) / d.length);
  return Math.max(...means) / (means.reduce((a, b) => a + b, 0) / means.length);
}

/** The draws there were when the step under way began. */
let drawnBefore: Draws = [];

useStudy.subscribe((now, before) => {
  const shown = now.states.map;
  if (shown !== before.states.map) {
    const largest = shown ? largestMultiple(shown.draws) : 0;
    // Between two measurements the view is empty.
    useMap.setState((s) => ({ largest: Math.max(before.states.map ? s.largest : 0, largest) }));
  }
  if (now.stepping === 'map' && before.stepping !== 'map')
    drawnBefore = before.states.map?.measured ?? [];
  const stepped = before.stepping === 'map' && now.stepping === null && now.phase.map === 'paused';
  if (!stepped || !shown) return;
  const probed = shown.measured.flatMap((d, m) =>
    d.length > (drawnBefore[m]?.length ?? 0) ? [m] : [],
  );
  // The module that a step probed opens beside the map; a pass is of all modules at once.
  if (probed.length === 1) useView.setState({ opened: probed[0]!, stepped: true });
});
