/**
 * Functions that export the map as SVG, CSV or the whole result as JSON; null while there is
 * nothing to export.
 */
import { useShown } from '../../state/study-store.ts';
import { defined } from '../../checked.ts';
import { resultText, toCsv } from '../../studies/map/export.ts';
import type { RunResult } from '../../studies/map/result.ts';
import { attempt } from '../../state/attempt.ts';
import { resultNow } from '../../state/link-store.ts';
import { download, fileName } from '../export/download.ts';
import { describeMeasured } from '../../words/describe.ts';
import { useWords } from '../use-words.ts';
import { findingWords, useFinding } from './Finding.tsx';
import { barsEnd, layerSums } from './layer-sums.ts';
import type { MapView } from './use-map-view.ts';

export function useSaveMap({ layout, table, contents, feet, scale, meanRank, adapter }: MapView): {
  svg: (() => void) | null;
  csv: (() => void) | null;
  json: (() => void) | null;
} {
  const words = useWords();
  const found = useFinding();
  const shown = useShown();
  if (!shown || !table.allocation) return { svg: null, csv: null, json: null };
  const name = (what: string) =>
    fileName('rank-atlas', shown.model.title, 'seed', shown.spec.seed, what);

  async function svg() {
    const { mapSvg } = await import('./map-svg.ts');
    const style = getComputedStyle(document.documentElement);
    const token = (key: string) => style.getPropertyValue(key).trim();
    const text =
      found && adapter === null
        ? findingWords(words, found.finding, {
            rows: table.rows,
            layers: layout.layers,
            meanRank: found.meanRank,
          })
        : { title: '', sure: '' };
    const sums = layerSums(table, layout.layers);
    const uniform = (meanRank * table.rows.length) / layout.layers;
    download(
      `${name('map')}.svg`,
      mapSvg({
        layout,
        contents,
        feet,
        sums,
        uniform,
        barsEnd: barsEnd(sums, uniform),
        ...scale,
        words: {
          title: `${words.map.title} · ${adapter === null ? describeMeasured(words, defined(shown)) : words.adapters.shown(words.adapters.name(adapter))}`,
          finding: text.title,
          sure: text.sure,
          scale:
            scale.from < 0
              ? words.map.vsLegend
              : adapter === null
                ? `${words.map.importance}${words.map.ofMean}`
                : words.adapters.scale,
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
      }),
      'image/svg+xml',
    );
  }

  const whole = (write: (result: RunResult) => void) => {
    const result = resultNow();
    return result ? () => write(result) : null;
  };
  return {
    svg: () => void attempt(svg),
    csv: whole((result) => download(`${name('ranks')}.csv`, toCsv(result), 'text/csv')),
    json: whole((result) =>
      download(`${name('result')}.json`, resultText(result), 'application/json'),
    ),
  };
}
