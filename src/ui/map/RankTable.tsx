/** The map as a table: one row a module, highest first, in the map's place. */
import type { MapTable } from '../../state/table.ts';
import { numbersOf } from '../words/numbers.ts';
import { useWords } from '../words/use-words.ts';
import { SURE_FROM, span } from './faces.ts';

export function RankTable({ table, layers }: { table: MapTable; layers: number }) {
  const words = useWords();
  const n = numbersOf(words.locale);
  const c = words.map.column;
  const rows = [...table.rows].sort((a, b) => (b.importance ?? -1) - (a.importance ?? -1) || a.module.index - b.module.index);
  const none = words.strip.none;
  return (
    <>
      <div className="table-box" style={{ '--layers': layers } as React.CSSProperties} tabIndex={0} role="region" aria-label={words.map.title}>
        <table>
          <thead>
            <tr>
              <th scope="col">{c.layer}</th><th scope="col" className="text">{c.module}</th><th scope="col">{c.disagreement}</th><th scope="col">{c.interval}</th>
              <th scope="col" aria-sort="descending" className="bold">{c.multiple} ▾</th><th scope="col">{c.rank}</th><th scope="col">{c.interval}</th><th scope="col">{c.parameters}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ module, importance, importanceSpan, multiple, rank, rankSpan, settled, parameters }) => {
              const sure = table.repeats >= SURE_FROM && rankSpan !== null;
              return (
                <tr key={module.index}>
                  <td>{module.layer}</td>
                  <td className="text">{module.role}</td>
                  <td>{importance === null ? none : n.significant(importance)}</td>
                  <td className="ink2">{sure && importanceSpan ? span(importanceSpan.low, importanceSpan.high, n.significant) : none}</td>
                  <td>{multiple === null ? none : n.fixed(multiple, 2)}</td>
                  <td className={sure && settled ? 'bold' : undefined}>{rank ?? none}</td>
                  <td className="ink2">{!sure ? none : settled ? words.strip.settled : span(rankSpan.low, rankSpan.high)}</td>
                  <td>{parameters === null ? none : n.whole(parameters)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      <p className="small ink2">{words.map.rows(rows.length)}</p>
    </>
  );
}
