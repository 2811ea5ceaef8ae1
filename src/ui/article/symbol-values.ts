/** The present value of a symbol, and where the page shows it. */
import { useRankTable, useModules } from '../../state/derived.ts';
import { useExperiment } from '../../state/experiment-store.ts';
import { useShown } from '../../state/study-store.ts';
import type { TrainSettings } from '../../studies/train/settings.ts';
import { perturbationOf } from '../../studies/map/draws.ts';
import type { RankRow, RankTable } from '../../studies/map/rank-table.ts';
import { numbersOf } from '../../language/numbers.ts';
import { inLanguage } from '../../language/in-language.ts';
import { articleWords, type SymbolName } from '../../words/article-words.ts';
import { useWords } from '../use-words.ts';

interface OnPage {
  value: string;
  /** Selectors of the element that shows the value; the first visible one is used. */
  at: readonly string[];
}

/** The module with the highest importance, which stands for module i. */
export const topModule = ({ rows }: RankTable): RankRow | null =>
  rows.reduce<RankRow | null>(
    (top, row) => ((row.importance ?? -1) > (top?.importance ?? -1) ? row : top),
    null,
  );

/** Symbols without a number on the page are absent. */
export function useSymbolValues(): Partial<Record<SymbolName, OnPage>> {
  const words = useWords();
  const { locale } = words;
  const n = numbersOf(locale);
  const w = inLanguage(articleWords, words);
  const shown = useShown();
  const table = useRankTable();
  const { modules } = useModules();
  const spec = useExperiment((e) => e.spec);
  const { sequences, length } = shown ?? spec;
  const top = topModule(table);
  const map = ['#map [tabindex="0"]'];
  const batch = ['.sidebar #change-text', ...drawer];
  const ofTop = (value: string) => {
    if (!top) return {};
    const { layer, role } = top.module;
    return {
      value: w.ofModule(value, layer, role),
      at: [`#map [data-module="${top.index}"]`],
    };
  };
  const found: Partial<Record<SymbolName, Partial<OnPage>>> = {
    modules: { value: n.whole(modules.length), at: map },
    meanRank: {
      value: n.short(spec.allocation.meanRank),
      at: ['.sidebar .mean-rank input[type="range"]', ...drawer],
    },
    positions: { value: `${sequences} × ${length}`, at: batch },
    length: { value: n.whole(length), at: batch },
    repeats: { value: n.whole(table.sweeps), at: ['#tab-certainty'] },
    drawn: { value: ranksOf(spec.train.ranks), at: ['#tab-train'] },
    mask: { value: `${n.whole(100 * spec.prune.sparsity)} %`, at: ['#tab-prune'] },
    temperature: { value: n.short(spec.samples.temperature), at: ['#tab-samples'] },
  };
  if (spec.train.scale.kind === 'alpha')
    found.alpha = { value: n.short(spec.train.scale.value), at: ['#tab-train'] };
  if (shown) {
    const { noise } = perturbationOf(shown.spec.method);
    found.vocabulary = {
      value: n.whole(shown.model.vocab),
      at: ['.sidebar #change-model', ...drawer],
    };
    found.sigma = {
      value: noise.scale === 'std' ? 'std(W)' : n.significant(noise.sigma),
      at: ['.sidebar .advanced summary', ...drawer],
    };
  }
  if (top?.importance != null) {
    const { inFeatures, outFeatures } = top.module;
    found.disagreement = ofTop(n.significant(top.importance));
    found.size = ofTop(n.whole(inFeatures + outFeatures));
    found.W = ofTop(`${outFeatures} × ${inFeatures}`);
    if (top.multiple !== null) found.multiple = ofTop(n.fixed(top.multiple, 2));
    if (top.rank !== null) found.rank = ofTop(n.whole(top.rank));
  }
  return Object.fromEntries(
    Object.entries(found).filter(([, v]) => v.value !== undefined && v.value !== ''),
  );
}

/** Opens the sidebar, where the window is too narrow to show it. */
const drawer = ['.only-drawer', '.phone-row button'];

function ranksOf(ranks: TrainSettings['ranks']): string {
  switch (ranks.kind) {
    case 'uniform':
      return String(ranks.rank);
    case 'map':
      return String(ranks.mean);
    case 'listed':
      return '';
  }
}
