/**
 * The finding of the map in one sentence, and its uncertainty. Its space is reserved from the
 * start, so the layout does not move when the finding appears.
 */
import { useShown } from '../../state/study-store.ts';
import { useEffect, useMemo } from 'react';
import { findingOf, type Finding as FindingData } from '../../studies/map/finding.ts';
import { countsOf, kindOfRepeats, sweepsOf } from '../../studies/map/draws.ts';
import { SWEEPS_FOR_INTERVALS, type RankTable } from '../../studies/map/rank-table.ts';
import { useModules, useWholeDraws } from '../../state/derived.ts';
import type { Words } from '../../words/en.ts';
import { useWords } from '../use-words.ts';

/** A band is early or late if all of it is in that half of the layers. */
const whereOf = (first: number, last: number, layers: number) =>
  2 * first >= layers - 1 ? 'late' : 2 * last <= layers - 1 ? 'early' : 'middle';

export function findingWords(
  words: Words,
  finding: FindingData,
  layers: number,
): { title: string; sure: string } {
  const f = words.finding;
  switch (finding.kind) {
    case 'band':
      return {
        title: f.band(
          whereOf(finding.first, finding.last, layers),
          finding.first,
          finding.last,
          finding.share,
        ),
        sure: f.bandSure(finding.low, finding.high, finding.uniform),
      };
    case 'role':
      return {
        title: f.role(finding.role, finding.multiple),
        sure: f.roleSure(finding.low, finding.high),
      };
    case 'none':
      return { title: f.none, sure: f.noneSure };
  }
}

export function useFinding(): FindingData | null {
  const { modules } = useModules();
  const draws = useWholeDraws();
  return useMemo(() => (draws ? findingOf({ modules, draws }) : null), [modules, draws]);
}

export function Finding({ table }: { table: RankTable }) {
  const words = useWords();
  const { layers } = useModules();
  const finding = useFinding();
  const shown = useShown();
  const m = words.map;
  // Browsers name bookmarks and shared links by the title.
  useEffect(() => {
    document.title = finding
      ? `${findingWords(words, finding, layers).title} · Rank Atlas`
      : 'Rank Atlas';
  }, [words, finding, layers]);
  if (table.refusal)
    return (
      <Slot
        quiet
        title={words.finding.none}
        how={words.error(table.refusal.code, table.refusal.values)}
      />
    );
  if (finding && table.settled !== null) {
    const { title, sure } = findingWords(words, finding, layers);
    const own = shown && words.methods.of[shown.spec.method.name].sure;
    return (
      <Slot title={title} how={`${sure} ${own ?? m.sure(table.settled, table.rows.length)}`} />
    );
  }
  if (!shown) return <Slot quiet title={m.emptyTitle} how={m.emptyHow} />;
  const { method } = shown.spec;
  const done = words.methods.counts(countsOf(method, sweepsOf(shown.measured)));
  const kind = kindOfRepeats(method);
  const title =
    method.repeats < SWEEPS_FOR_INTERVALS
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
            : `${words.methods.of[method.name].ranges} ${m.sure(table.settled, table.rows.length)}`
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
