/**
 * Functions that export the map as SVG, PNG, CSV or the whole result as JSON; null while there is
 * nothing to export.
 */
import { useShown } from '../../state/study-store.ts';
import { defined } from '../../checked.ts';
import { resultText, toCsv } from '../../studies/map/export.ts';
import type { RunResult } from '../../studies/map/result.ts';
import { attempt } from '../../state/attempt.ts';
import { useExperiment } from '../../state/experiment-store.ts';
import { resultNow } from '../../state/link-store.ts';
import { download, fileName } from '../export/download.ts';
import { describeMeasured } from '../../words/describe.ts';
import { useWords } from '../use-words.ts';
import { findingWords, useFinding } from './Finding.tsx';
import { barsEnd, layerSums } from './layer-sums.ts';
import type { MapView } from './use-map-view.ts';

export function useSaveMap({ layout, table, contents, feet, scale }: MapView): {
  svg: (() => void) | null;
  png: (() => void) | null;
  csv: (() => void) | null;
  json: (() => void) | null;
} {
  const words = useWords();
  const finding = useFinding();
  const shown = useShown();
  const spec = useExperiment((e) => e.spec);
  if (!shown || !table.allocation) return { svg: null, png: null, csv: null, json: null };
  const name = (what: string) =>
    fileName('rank-atlas', shown.model.title, 'seed', shown.spec.seed, what);

  async function picture() {
    const { mapSvg } = await import('./map-svg.ts');
    const style = getComputedStyle(document.documentElement);
    const token = (key: string) => style.getPropertyValue(key).trim();
    const text = finding ? findingWords(words, finding, layout.layers) : { title: '', sure: '' };
    const sums = layerSums(table, layout.layers);
    const uniform = (spec.allocation.meanRank * table.rows.length) / layout.layers;
    return mapSvg({
      layout,
      contents,
      feet,
      sums,
      uniform,
      barsEnd: barsEnd(sums, uniform),
      ...scale,
      words: {
        title: `${words.map.title} · ${describeMeasured(words, defined(shown))}`,
        finding: text.title,
        sure: text.sure,
        scale: scale.from < 0 ? words.map.vsLegend : `${words.map.importance}${words.map.ofMean}`,
        mean: words.map.mean,
        perLayer: words.map.perLayer,
        uniform: words.map.uniform(uniform),
        groups: { attention: words.map.attention, mlp: words.map.mlp, other: words.map.other },
        source: `Rank Atlas · ${defined(shown).model.title} · sha256 ${defined(shown).model.hash.slice(0, 12)} · ${words.chips.seed(defined(shown).spec.seed)}`,
      },
      colours: {
        surface: token('--surface'),
        ink: token('--ink'),
        ink2: token('--ink2'),
        rule2: token('--rule2'),
        attention: token('--line-this'),
        mlp: token('--bar-mlp'),
        other: token('--bar-other'),
      },
      font: token('--sans'),
      serif: token('--serif'),
    });
  }
  const svg = async () => download(`${name('map')}.svg`, await picture(), 'image/svg+xml');
  async function png() {
    const { pngOf } = await import('../export/png.ts');
    download(`${name('map')}.png`, await pngOf(await picture()), 'image/png');
  }

  const whole = (write: (result: RunResult) => void) => {
    const result = resultNow();
    return result ? () => write(result) : null;
  };
  return {
    svg: () => void attempt(svg),
    png: () => void attempt(png),
    csv: whole((result) => download(`${name('ranks')}.csv`, toCsv(result), 'text/csv')),
    json: whole((result) =>
      download(`${name('result')}.json`, resultText(result), 'application/json'),
    ),
  };
}
