/**
 * Functions that export the map as SVG, PNG, CSV or the whole result as JSON; null while there is
 * nothing to export.
 */
import type { RunResult } from '../../studies/map/result.ts';
import { attempt } from '../../state/attempt.ts';
import { resultNow } from '../../state/link-store.ts';
import { useShown } from '../../state/study-store.ts';
import { useWords } from '../use-words.ts';
import type { MapView } from './use-map-view.ts';

const files = () => import('./save-map.ts');

export function useSaveMap(view: MapView): {
  svg: (() => void) | null;
  png: (() => void) | null;
  csv: (() => void) | null;
  json: (() => void) | null;
} {
  const words = useWords();
  const shown = useShown();
  if (!shown || !view.table.allocation) return { svg: null, png: null, csv: null, json: null };
  const result = resultNow();
  const whole = (save: (to: Awaited<ReturnType<typeof files>>, of: RunResult) => void) =>
    result && (() => void attempt(async () => save(await files(), result)));
  return {
    svg: () => void attempt(async () => (await files()).saveSvg(words, shown, view)),
    png: () => void attempt(async () => (await files()).savePng(words, shown, view)),
    csv: whole(({ saveCsv }, of) => saveCsv(of)),
    json: whole(({ saveJson }, of) => saveJson(of)),
  };
}
