/**
 * The state of the map alone: its colour scale, the last results, and the comparison of two
 * results.
 */
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

export interface SavedResult {
  key: string;
  result: RunResult;
  at: number;
}

interface MapStore {
  /** Largest multiple of the mean module in this measurement. The fill's scale only grows. */
  largest: number;
  /** The run waits until the tab is visible. */
  waiting: boolean;
  results: readonly SavedResult[];
  /** The two results being compared: two saved ones, or a saved one and the link's. */
  comparing: { a: SavedResult; b: SavedResult } | null;
}

const MAX_RESULTS = 20;

export const useMap = create<MapStore>()(() => ({
  largest: 0,
  waiting: false,
  results: restore(),
  comparing: null,
}));

/**
 * A result's key: what was measured. The allocation is not part of it, because ranks follow for any
 * budget.
 */
export const resultKey = (result: RunResult): string =>
  `${specKey({ ...result.spec, study: 'map', allocation: defaultSpec().allocation })} ${result.model.hash} ${result.tokens.hash}`;

export function saveResult({ result }: Measurement): void {
  if (!result) return;
  const key = resultKey(result);
  const results = [
    { key, result, at: Date.now() },
    ...useMap.getState().results.filter((r) => r.key !== key),
  ].slice(0, MAX_RESULTS);
  useMap.setState({ results });
  remember('results', JSON.stringify(results));
}

function restore(): SavedResult[] {
  try {
    const saved = JSON.parse(remembered('results') ?? '[]') as SavedResult[];
    return saved.slice(0, MAX_RESULTS).map(({ key, result, at }) => ({
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
 * Importances of the visible map, if it belongs to the open model and the current settings; null
 * before the first complete sweep.
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
  // Before the first complete sweep the mean covers only some modules, so a multiple means little.
  if (sweepsOf(draws) === 0) return 0;
  const means = draws.map((d) => d.reduce((a, b) => a + b, 0) / d.length);
  return Math.max(...means) / (means.reduce((a, b) => a + b, 0) / means.length);
}

/** The draws when the current step began. */
let drawnBefore: Draws = [];

useStudy.subscribe((now, before) => {
  const shown = now.states.map;
  if (shown !== before.states.map) {
    const largest = shown ? largestMultiple(shown.draws) : 0;
    // Between two measurements the view is empty, which resets the scale.
    useMap.setState((s) => ({ largest: Math.max(before.states.map ? s.largest : 0, largest) }));
  }
  if (now.stepping === 'map' && before.stepping !== 'map')
    drawnBefore = before.states.map?.measured ?? [];
  const stepped = before.stepping === 'map' && now.stepping === null && now.phase.map === 'paused';
  if (!stepped || !shown) return;
  const probed = shown.measured.flatMap((d, m) =>
    d.length > (drawnBefore[m]?.length ?? 0) ? [m] : [],
  );
  // Opens the module that a step probed. A backward pass covers all modules, so it opens none.
  if (probed.length === 1) useView.setState({ opened: probed[0]!, stepped: true });
});

/** An adapter leaves the map as soon as another map is chosen. */
const leaveAdapter = () => {
  if (useView.getState().adapter !== null) useView.setState({ adapter: null });
};
useStudy.subscribe((now, before) => {
  if (now.states.map?.spec !== before.states.map?.spec) leaveAdapter();
});
useExperiment.subscribe(({ spec: now }, { spec: before }) => {
  if (now.allocation !== before.allocation || !sameMeasurement(before, now)) leaveAdapter();
});
useMap.subscribe((now, before) => {
  if (now.comparing && !before.comparing) leaveAdapter();
});
