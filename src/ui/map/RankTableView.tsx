/** The map as a table with one row per module, highest importance first. Replaces the map. */
import type { RankTable } from '../../studies/map/rank-table.ts';
import { numbersOf } from '../../language/numbers.ts';
import { useWords } from '../use-words.ts';
import { span } from './cell-content.ts';

export function RankTableView({
  table,
  layers,
  certainty,
  adapter,
}: {
  table: RankTable;
  layers: number;
  certainty: { one: string };
  /** The table has an adapter's ranks. */
  adapter: boolean;
}) {
  const words = useWords();
  const n = numbersOf(words.locale);
  const c = words.map.column;
  const rows = [...table.rows].sort(
    (a, b) => (b.multiple ?? -1) - (a.multiple ?? -1) || a.index - b.index,
  );
  const none = words.strip.none;
  return (
    <>
      <div
        className="table-box"
        style={{ '--layers': layers } as React.CSSProperties}
        tabIndex={0}
        role="region"
        aria-label={words.map.table}
      >
        <table>
          <thead>
            <tr>
              <th scope="col">{c.layer}</th>
              <th scope="col" className="text">
                {c.module}
              </th>
              <th scope="col">{c.disagreement}</th>
              <th scope="col">{c.interval}</th>
              <th scope="col" aria-sort="descending" className="bold">
                {adapter ? words.adapters.multiple : c.multiple} ▾
              </th>
              <th scope="col">{c.rank}</th>
              <th scope="col">{c.interval}</th>
              <th scope="col">{c.parameters}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(
              ({
                index,
                module,
                importance,
                margin,
                multiple,
                rank,
                range,
                settled,
                parameters,
              }) => (
                <tr key={index}>
                  <td>{module.layer}</td>
                  <td className="text">{module.role}</td>
                  <td>{importance === null ? none : n.significant(importance)}</td>
                  <td className="ink2">
                    {range && importance !== null && margin !== null
                      ? span(importance - margin, importance + margin, n.significant)
                      : none}
                  </td>
                  <td>{multiple === null ? none : n.fixed(multiple, 2)}</td>
                  <td className={settled ? 'bold' : undefined}>{rank ?? none}</td>
                  <td className="ink2">
                    {!range ? none : settled ? certainty.one : span(range.low, range.high)}
                  </td>
                  <td>{parameters === null ? none : n.whole(parameters)}</td>
                </tr>
              ),
            )}
          </tbody>
        </table>
      </div>
      {!adapter && <p className="small ink2">{words.map.rows(rows.length)}</p>}
    </>
  );
}
