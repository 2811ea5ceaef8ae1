/**
 * The finding of the map in one sentence, and its uncertainty. Its space is reserved from the
 * start, so the layout does not move when the finding appears.
 */
import { useEffect, useMemo } from 'react';
import { elementAt } from '../../checked.ts';
import { findingOf, type Finding as FindingData } from '../../studies/map/finding.ts';
import type { Band } from '../../studies/map/patterns.ts';
import { countsOf, drawsAreMaps, kindOfRepeats, sweepsOf } from '../../studies/map/draws.ts';
import { SWEEPS_FOR_INTERVALS, type RankTable } from '../../studies/map/rank-table.ts';
import type { Measurement } from '../../studies/map/state.ts';
import { useModules, useWholeDraws } from '../../state/derived.ts';
import { useExperiment } from '../../state/experiment-store.ts';
import { useShown } from '../../state/study-store.ts';
import type { Words } from '../../words/en.ts';
import { useLater } from '../parts/use-later.ts';
import { useWords } from '../use-words.ts';
import { span } from './cell-content.ts';

/** A band is early or late if all of it is in that half of the layers. */
function whereOf(bands: readonly Band[], layers: number) {
  if (bands.length > 1) return 'ends';
  const { first, last } = elementAt(bands, 0);
  return 2 * first >= layers - 1 ? 'late' : 2 * last <= layers - 1 ? 'early' : 'middle';
}

function titleOf({ finding: f }: Words, finding: FindingData, layers: number): string {
  switch (finding.kind) {
    case 'layers':
      return f.layers(whereOf(finding.bands, layers), finding.bands, finding);
    case 'role':
      return f.role(finding.role, finding);
    case 'hot':
      return f.hot(finding.module.layer, finding.module.role, finding);
    case 'flat':
      return f.flat(finding);
    case 'none':
      return f.none;
  }
}

/** Sentences in a row. Japanese has no space between them. */
const joined = (sentences: readonly string[]) =>
  sentences.filter(Boolean).join(' ').replaceAll('。 ', '。');

/** The finding and its interval at this mean rank, with the module of the largest rank. */
export function findingWords(
  words: Words,
  finding: FindingData,
  { rows, layers, meanRank }: Pick<RankTable, 'rows'> & { layers: number; meanRank: number },
): { title: string; sure: string } {
  const { kind } = finding;
  const top = rows.reduce((a, b) => ((b.rank ?? 0) > (a.rank ?? 0) ? b : a));
  const sentences = [
    kind === 'none'
      ? words.finding.noneSure
      : words.finding.sure(meanRank, finding, kind === 'flat' ? undefined : finding.uniform),
    kind !== 'hot' && top.rank && top.range
      ? words.finding.largest(
          top.module.layer,
          top.module.role,
          span(top.range.low, top.range.high),
        )
      : '',
  ];
  return { title: titleOf(words, finding, layers), sure: joined(sentences) };
}

/** How many intervals contain one rank, at the present measurement. */
function sureOf(words: Words, { settled, rows }: RankTable, { spec, measured }: Measurement) {
  const { method } = spec;
  const at = words.methods.counts(countsOf(method, sweepsOf(measured)));
  const { sure } = words.methods.of[method.name];
  return sure === null
    ? words.map.sure(settled ?? 0, rows.length, at)
    : joined([words.map.surePartial(settled ?? 0, rows.length, at), sure]);
}

/** The finding at the budget. The budget follows with a delay, so that its slider moves freely. */
export function useFinding(): { finding: FindingData; meanRank: number } | null {
  const { modules } = useModules();
  const draws = useWholeDraws();
  const error = useShown()?.error ?? null;
  const rule = useLater(useExperiment((e) => e.spec.allocation));
  return useMemo(() => {
    const finding = draws && findingOf({ modules, draws, error }, rule);
    return finding && { finding, meanRank: rule.meanRank };
  }, [modules, draws, error, rule]);
}

export function Finding({ table }: { table: RankTable }) {
  const words = useWords();
  const { layers } = useModules();
  const found = useFinding();
  const shown = useShown();
  const m = words.map;
  // Browsers name bookmarks and shared links by the title.
  useEffect(() => {
    document.title = found ? `${titleOf(words, found.finding, layers)} · Rank Atlas` : 'Rank Atlas';
  }, [words, found, layers]);
  if (table.refusal)
    return (
      <Slot
        quiet
        title={words.finding.none}
        how={words.error(table.refusal.code, table.refusal.values)}
      />
    );
  if (!shown) return <Slot quiet title={m.emptyTitle} how={m.emptyHow} />;
  if (found && table.settled !== null) {
    const { title, sure } = findingWords(words, found.finding, {
      rows: table.rows,
      layers,
      meanRank: found.meanRank,
    });
    return <Slot title={title} how={joined([sure, sureOf(words, table, shown)])} />;
  }
  const { method } = shown.spec;
  const done = words.methods.counts(countsOf(method, sweepsOf(shown.measured)));
  const kind = kindOfRepeats(method);
  const title =
    !drawsAreMaps(method) && !shown.result
      ? m.findingEnd
      : method.repeats < SWEEPS_FOR_INTERVALS
        ? m.findingNeeds
        : table.sweeps === SWEEPS_FOR_INTERVALS - 1
          ? m.findingNext(kind)
          : m.findingAfter(kind);
  return (
    <Slot
      quiet
      title={title}
      how={
        table.sweeps === 0
          ? m.fillSoFar
          : table.settled === null
            ? m.ranksMove(done)
            : sureOf(words, table, shown)
      }
    />
  );
}

function Slot({ title, how, quiet }: { title: string; how: string; quiet?: boolean }) {
  return (
    <div className="slot">
      <p className={`finding${quiet ? ' ink3' : ''}`}>{title}</p>
      <p className="how ink2 small">{how}</p>
    </div>
  );
}
