/** Saves the map as SVG or PNG, or its result as CSV or JSON. Loaded at the first use. */
import { findingOf } from '../../studies/map/finding.ts';
import { resultText, toCsv } from '../../studies/map/export.ts';
import type { RunResult } from '../../studies/map/result.ts';
import type { Measurement } from '../../studies/map/state.ts';
import { useExperiment } from '../../state/experiment-store.ts';
import { describeMeasured } from '../../words/describe.ts';
import type { Words } from '../../words/en.ts';
import { download, fileName } from '../export/download.ts';
import { pngOf } from '../export/png.ts';
import { findingWords } from './Finding.tsx';
import { barsEnd, layerSums } from './layer-sums.ts';
import { mapSvg } from './map-svg.ts';
import type { MapView } from './use-map-view.ts';

const fileOf = ({ model, spec }: Pick<RunResult, 'model' | 'spec'> | Measurement, what: string) =>
  fileName('rank-atlas', model.title, 'seed', spec.seed, what);

function svgOf(
  words: Words,
  shown: Measurement,
  { layout, table, contents, feet, scale, meanRank, adapter }: MapView,
): string {
  const style = getComputedStyle(document.documentElement);
  const token = (key: string) => style.getPropertyValue(key).trim();
  const finding =
    adapter === null
      ? findingOf(
          { ...shown, modules: shown.model.modules },
          useExperiment.getState().spec.allocation,
        )
      : null;
  const text = finding
    ? findingWords(words, finding, { rows: table.rows, layers: layout.layers, meanRank })
    : { title: '', sure: '' };
  const sums = layerSums(table, layout.layers);
  const uniform = (meanRank * table.rows.length) / layout.layers;
  return mapSvg({
    layout,
    contents,
    feet,
    sums,
    uniform,
    barsEnd: barsEnd(sums, uniform),
    ...scale,
    words: {
      title: `${words.map.title} · ${adapter === null ? describeMeasured(words, shown) : words.adapters.shown(words.adapters.name(adapter))}`,
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
      source: `Rank Atlas · ${shown.model.title} · sha256 ${shown.model.hash.slice(0, 12)} · ${words.chips.seed(shown.spec.seed)}`,
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

export const saveSvg = (words: Words, shown: Measurement, view: MapView): void =>
  download(`${fileOf(shown, 'map')}.svg`, svgOf(words, shown, view), 'image/svg+xml');

export async function savePng(words: Words, shown: Measurement, view: MapView): Promise<void> {
  const png = await pngOf(svgOf(words, shown, view));
  download(`${fileOf(shown, 'map')}.png`, png, 'image/png');
}

export const saveCsv = (result: RunResult): void =>
  download(`${fileOf(result, 'ranks')}.csv`, toCsv(result), 'text/csv');

export const saveJson = (result: RunResult): void =>
  download(`${fileOf(result, 'result')}.json`, resultText(result), 'application/json');
