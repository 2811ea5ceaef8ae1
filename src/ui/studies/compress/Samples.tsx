/** The test samples one by one, before compression and with the current steps applied. */
import { useState } from 'react';
import { elementAt } from '../../../checked.ts';
import type { CompressResult, SampleTrail } from '../../../studies/compress/state.ts';
import { inLanguage } from '../../../language/in-language.ts';
import { compressWords } from '../../../studies/compress/words.ts';
import { useWords } from '../../use-words.ts';

/** Rows shown at first. */
const PAGE = 12;

export function Samples({ result, steps }: { result: CompressResult; steps: number }) {
  const w = inLanguage(compressWords, useWords());
  const [open, setOpen] = useState(false);
  const [all, setAll] = useState(false);
  const [shown, setShown] = useState(PAGE);
  const changed = (s: SampleTrail) =>
    elementAt(s.scores, 0).chosen !== elementAt(s.scores, steps).chosen ||
    elementAt(s.scores, 0).right !== elementAt(s.scores, steps).right;
  const list = all ? result.samples : result.samples.filter(changed);
  const answer = ({ options, scores }: SampleTrail, step: number) => {
    const { chosen, right } = elementAt(scores, step);
    return options.length === 0 ? (
      <>{w.share(right)}</>
    ) : (
      <>
        <span lang="">{elementAt(options, chosen).trim()}</span>{' '}
        <small className={right === 1 ? 'ok' : 'ink3'}>{right === 1 ? w.right : w.wrong}</small>
      </>
    );
  };
  return (
    <details
      className="advanced rule-top"
      open={open}
      onToggle={(e) => setOpen(e.currentTarget.open)}
    >
      <summary>{w.samples}</summary>
      {open && (
        <>
          <label className="choice small">
            <input type="checkbox" checked={!all} onChange={(e) => setAll(!e.target.checked)} />
            {w.changedOnly}
          </label>
          {list.length === 0 ? (
            <p className="small ink2">{w.noChange}</p>
          ) : (
            <table className="samples-trail small">
              <thead>
                <tr>
                  {(['question', 'before', 'after'] as const).map((c) => (
                    <th key={c} scope="col">
                      {w.sampleColumns[c]}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {list.slice(0, shown).map((s, i) => (
                  <tr key={i}>
                    <td lang="">
                      {s.question.length > 90 ? `… ${s.question.slice(-88)}` : s.question}
                    </td>
                    <td>{answer(s, 0)}</td>
                    <td>{answer(s, steps)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
          {list.length > shown && (
            <button type="button" className="link small" onClick={() => setShown(shown + 4 * PAGE)}>
              {w.more(list.length - shown)}
            </button>
          )}
        </>
      )}
    </details>
  );
}
