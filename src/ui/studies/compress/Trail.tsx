/**
 * The trials in order: predicted and measured change, and whether the trial was accepted. Accepted
 * steps can be undone, last first.
 */
import { elementAt } from '../../../checked.ts';
import type { CompressState } from '../../../studies/compress/state.ts';
import { shortName } from '../../../studies/compress/verdict.ts';
import { numbersOf } from '../../../language/numbers.ts';
import { inLanguage } from '../../../language/in-language.ts';
import { compressWords } from '../../../studies/compress/words.ts';
import { useWords } from '../../use-words.ts';

export function Trail({
  state,
  steps,
  onSteps,
}: {
  state: CompressState;
  steps: number;
  onSteps(steps: number): void;
}) {
  const words = useWords();
  const w = inLanguage(compressWords, words);
  const n = numbersOf(words.locale);
  const { trials, result } = state;
  /** Position of an accepted trial among the steps, or −1 if a later trial replaced it. */
  const placeOf = (trial: number) => result?.accepted.indexOf(trial) ?? -1;
  return (
    <>
      <div className="head trail-head">
        <h3>{w.trail}</h3>
        {result && result.accepted.length > 0 && (
          <span className="small ink2">
            {w.inForce(steps, result.accepted.length)}{' '}
            {steps < result.accepted.length && (
              <button
                type="button"
                className="link"
                onClick={() => onSteps(result.accepted.length)}
              >
                {w.redo}
              </button>
            )}
          </span>
        )}
      </div>
      <div className="chart-table trail" tabIndex={0} role="region" aria-label={w.trailName}>
        <table>
          <thead>
            <tr>
              {(
                ['module', 'blocks', 'rho', 'predicted', 'measured', 'accuracy', 'plain'] as const
              ).map((c) => (
                <th key={c} scope="col">
                  {w.columns[c]}
                </th>
              ))}
              <th />
            </tr>
          </thead>
          <tbody>
            {trials.map((t, i) => {
              const place = placeOf(i);
              const out = result !== null && t.accepted && (place < 0 || place >= steps);
              return (
                <tr key={i} className={t.accepted && !out ? 'bold' : 'ink2'}>
                  <td title={t.path}>{shortName(t.path)}</td>
                  <td>{n.whole(t.blocks)}</td>
                  <td>{n.short(100 * t.rho)} %</td>
                  <td>{n.signed(t.predicted, 3)}</td>
                  <td>{n.signed(t.measured, 3)}</td>
                  <td>{n.fixed(100 * t.figures.accuracy, 1)} %</td>
                  <td>
                    {result && place >= 0
                      ? n.fixed(elementAt(result.test.steps, place + 1).plain, 3)
                      : ''}
                  </td>
                  <td>
                    {place >= 0 && place < steps ? (
                      <button
                        type="button"
                        className="link"
                        aria-label={w.undoName(shortName(t.path))}
                        onClick={() => onSteps(place)}
                      >
                        {w.undo}
                      </button>
                    ) : t.accepted ? (
                      <span className="small">
                        {result && place < 0 ? w.replacedMark : out ? '–' : w.acceptedMark}
                      </span>
                    ) : null}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </>
  );
}
