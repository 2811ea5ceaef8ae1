/** Whether the result of the link's study is reproduced here, and a button that runs the study. */
import { useEffect } from 'react';
import type { LinkContents } from '../../experiment/link.ts';
import { inLanguage } from '../../language/in-language.ts';
import { failureOf } from '../../state/engine.ts';
import { useLink } from '../../state/link-store.ts';
import { useModel } from '../../state/model-store.ts';
import { play } from '../../state/runs.ts';
import { compareWithLink } from '../../state/study-digest.ts';
import { useStudy } from '../../state/study-store.ts';
import { manifestOf } from '../../studies/manifest-of.ts';
import { linkedRunWords } from '../../words/linked-run-words.ts';
import { useWords } from '../use-words.ts';

export function StudyBadge({ contents }: { contents: LinkContents }) {
  const words = useWords();
  const w = inLanguage(linkedRunWords, words);
  const { study } = contents.spec;
  const { tab } = inLanguage(manifestOf(study).labels, words);
  const state = useStudy((s) => s.states[study]);
  const running = useStudy((s) => s.live !== null && s.phase[s.live] === 'running');
  const compared = useLink((l) => l.compared);
  const result = state?.result;
  useEffect(() => {
    let current = true;
    compareWithLink(contents).then(
      (found) => {
        if (current) useLink.setState({ compared: found });
      },
      (error: unknown) => {
        if (current) useModel.setState({ failure: failureOf(error) });
      },
    );
    return () => {
      current = false;
    };
  }, [contents, result]);
  if (!contents.run) return <span className="badge">{w.noResult(tab)}</span>;
  if (compared === 'damaged') return <span className="badge warn">{w.damaged(tab)}</span>;
  if (!compared)
    return (
      <>
        <span className="badge">{state ? w.running(tab) : w.notRun(tab)}</span>
        {!running && (
          <button type="button" className="button small" onClick={() => play(study)}>
            {w.run}
          </button>
        )}
      </>
    );
  const { kind } = compared;
  return (
    <span className={`badge ${kind === 'reproduced' ? 'ok' : 'warn'}`}>
      {w[kind](tab, compared)}
    </span>
  );
}
