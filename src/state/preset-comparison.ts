/**
 * A preset that asks for a comparison ends with it, if it was chosen in the menu: after its
 * measurement, the map that it is compared with is measured as well, unless that is among the saved
 * results.
 */
import { counterpartOf, presetOf, sameMeasurement } from '../experiment/settings.ts';
import type { ExperimentSpec } from '../studies/spec.ts';
import { measurementOf } from '../studies/map/state.ts';
import { useExperiment } from './experiment-store.ts';
import { useMap, type SavedResult } from './map-store.ts';
import { play, showMeasurement } from './runs.ts';

/** The preset that was last chosen. */
let chosen: string | null = null;

/** The preset's result, while its counterpart is measured. */
let waiting: SavedResult | null = null;

const isOf = ({ result }: SavedResult, spec: ExperimentSpec) =>
  sameMeasurement(result.spec, spec) && result.spec.method.repeats === spec.method.repeats;

function compare(a: SavedResult, b: SavedResult): void {
  showMeasurement(measurementOf(b.result));
  useMap.setState({ comparing: { a, b } });
}

function ended(newest: SavedResult, results: readonly SavedResult[]): void {
  const { spec } = useExperiment.getState();
  const counterpart = presetOf(spec) === chosen ? counterpartOf(spec) : null;
  const own = waiting;
  waiting = null;
  if (!counterpart) return;
  if (own && isOf(own, spec) && isOf(newest, counterpart)) return compare(newest, own);
  if (!isOf(newest, spec)) return;
  const saved = results.find(
    (r) => r.result.model.hash === newest.result.model.hash && isOf(r, counterpart),
  );
  if (saved) return compare(saved, newest);
  waiting = newest;
  play('map', counterpart);
}

/** The preset ends with its comparison, as long as no other is chosen. */
export function compareAtEnd(preset: string): void {
  chosen = preset;
}

useMap.subscribe(({ results }, before) => {
  const [newest] = results;
  if (newest && newest !== before.results[0]) ended(newest, results);
});
