/**
 * Table below the chart: the budget and final loss of every entry. Sorted by loss when all entries
 * have finished.
 */
import { defined } from '../../../checked.ts';
import type { RaceState } from '../../../studies/race/state.ts';
import { OWN_TIME, type RankingRow } from '../../../studies/race/ranking.ts';
import type { Interval } from '../../../methods/statistics.ts';
import { numbersOf } from '../../../language/numbers.ts';
import { inLanguage } from '../../../language/in-language.ts';
import { raceWords } from '../../../studies/race/words.ts';
import { LineKey } from '../../charts/ChartLegend.tsx';
import { useWords } from '../../use-words.ts';
import { LOOKS } from './look.ts';

export function RankingTable({ ranking }: { ranking: readonly RankingRow[] }) {
  const words = useWords();
  const w = inLanguage(raceWords, words);
  const n = numbersOf(words.locale);
  const rows = ranking.every((s) => s.loss !== null)
    ? [...ranking].sort((a, b) => defined(a.loss) - defined(b.loss))
    : ranking;
  const half = (i: Interval | null) =>
    i && <small className="ink2"> ±{n.fixed((i.high - i.low) / 2, 3)}</small>;
  return (
    <table className="ranking" aria-label={w.tableName}>
      <thead>
        <tr>
          {(['entry', 'ranks', 'parameters', 'loss', 'difference', 'time'] as const).map((c) => (
            <th key={c} scope="col">
              {w.columns[c]}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((s) => (
          <tr key={s.entry}>
            <td className="bold">
              <span className="entry-name" title={w.about[s.entry]}>
                <LineKey look={LOOKS[s.entry]} />
                {w.names[s.entry]}
              </span>
            </td>
            <td>{n.whole(s.ranks)}</td>
            <td title={w.bytes(s.bytes)}>{n.whole(s.parameters)}</td>
            <td>{s.loss === null ? '–' : n.fixed(s.loss, 3)}</td>
            <td>
              {s.difference === null ? '–' : n.signed(s.difference, 3)}
              {half(s.differenceInterval)}
            </td>
            <td>{words.seconds(s.milliseconds / 1000)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Table of a sweep: one row per entry, one column per mean rank. */
export function SweepTable({
  state: {
    spec: { race },
  },
  ranking,
}: {
  state: RaceState;
  ranking: readonly RankingRow[];
}) {
  const words = useWords();
  const w = inLanguage(raceWords, words);
  const n = numbersOf(words.locale);
  return (
    <table className="ranking" aria-label={w.tableName}>
      <thead>
        <tr>
          <th scope="col">{w.rankAxis}</th>
          {race.meanRanks.map((r) => (
            <th key={r} scope="col">
              {n.short(r)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {race.entries.map((entry) => (
          <tr key={entry}>
            <td className="bold">
              <span className="entry-name" title={w.about[entry]}>
                <LineKey look={LOOKS[entry]} />
                {w.names[entry]}
              </span>
            </td>
            {race.meanRanks.map((r) => {
              const loss = ranking.find((s) => s.entry === entry && s.meanRank === r)?.loss ?? null;
              return <td key={r}>{loss === null ? '–' : n.fixed(loss, 3)}</td>;
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Notes: time of the measurements, size of the adapters, loss of the base, and stopped entries. */
export function RaceNotes({
  state,
  ranking,
  single,
}: {
  state: RaceState;
  ranking: readonly RankingRow[];
  single: boolean;
}) {
  const words = useWords();
  const w = inLanguage(raceWords, words);
  const { base, measured, lanes, spec } = state;
  const mapped = measured.filter((m) => m.milliseconds === null);
  const took = measured.flatMap((m) =>
    (m.milliseconds ?? 0) < OWN_TIME
      ? []
      : [w.measuredIn(m.entry, words.seconds(defined(m.milliseconds) / 1000))],
  );
  const bytes = ranking.map((s) => s.bytes);
  return (
    <div className="small ink2 race-notes">
      <p>
        {[
          base !== null && w.base(base),
          mapped.length > 0 && w.fromMap(mapped.map((m) => m.entry)),
          took.length > 0 && w.measured(took),
          bytes.length > 0 && w.weigh(Math.min(...bytes), Math.max(...bytes)),
          single && w.timeNote,
        ]
          .filter(Boolean)
          .join(' ')}
      </p>
      {lanes
        .filter((l) => l.stopped !== null)
        .map((l) => (
          <p key={`${l.entry} ${l.seed} ${l.meanRank}`} className="warn">
            {w.stopped(l.entry, l.seed, defined(l.stopped), spec.training.learningRate)}
          </p>
        ))}
    </div>
  );
}
