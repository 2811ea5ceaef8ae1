/** Importance and ranks by module type, and the loss of the unperturbed model on the text. */
import { useStudy } from '../../state/study-store.ts';
import { useMemo } from 'react';
import { SWEEPS_FOR_INTERVALS } from '../../studies/map/rank-table.ts';
import { useModules, useRankTable, useWholeDraws } from '../../state/derived.ts';
import { byRole } from '../../state/series.ts';
import { numbersOf } from '../../language/numbers.ts';
import { useWords } from '../use-words.ts';

export function RoleTable() {
  const words = useWords();
  const w = words.panel;
  const n = numbersOf(words.locale);
  const { modules } = useModules();
  const draws = useWholeDraws();
  const cleanLoss = useStudy((s) => s.states.map?.cleanLoss ?? null);
  const { rows, allocation, sweeps } = useRankTable();
  const lines = useMemo(
    () => new Map((draws ? byRole(modules, draws) : []).map((line) => [line.role, line.multiple])),
    [modules, draws],
  );
  const total = rows.reduce((sum, r) => sum + (r.rank ?? 0), 0);
  const margin = (half: number) => n.fixed(half, half < 0.01 ? 3 : 2);
  return (
    <>
      <h3 className="role-title">{w.roleTitle}</h3>
      <table className="roles">
        <thead>
          <tr>
            <th scope="col">{w.roleColumns.type}</th>
            <th scope="col">{w.roleColumns.multiple}</th>
            <th scope="col">{w.roleColumns.share}</th>
            <th scope="col">{w.roleColumns.parameters}</th>
          </tr>
        </thead>
        <tbody>
          {[...new Set(modules.map((m) => m.role))].map((role) => {
            const multiple = lines.get(role);
            const own = rows.filter((r) => r.module.role === role);
            const ranks = own.reduce((sum, r) => sum + (r.rank ?? 0), 0);
            return (
              <tr key={role}>
                <td className="bold">{role}</td>
                <td>
                  {multiple ? n.fixed(multiple.mean, 2) : '–'}
                  {multiple && sweeps >= SWEEPS_FOR_INTERVALS && (
                    <small className="ink2"> ±{margin((multiple.high - multiple.low) / 2)}</small>
                  )}
                </td>
                <td>{allocation && total > 0 ? `${n.whole((100 * ranks) / total)} %` : '–'}</td>
                <td>
                  {allocation ? n.whole(own.reduce((sum, r) => sum + (r.parameters ?? 0), 0)) : '–'}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      <p className="small ink2 rule-top">
        {cleanLoss === null ? w.roleNote : w.cleanLoss(cleanLoss, Math.exp(cleanLoss))}
      </p>
    </>
  );
}
