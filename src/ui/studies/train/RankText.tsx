/**
 * The same prompt continued at the chosen rank and without the adapter. After the first request,
 * the text is regenerated wherever the slider stops.
 */
import { useEffect, useState } from 'react';
import { defined } from '../../../checked.ts';
import { firstDifference } from '../../../studies/samples/compare.ts';
import { TRAINED } from '../../../studies/train/study.ts';
import { SAMPLES_LIMITS } from '../../../studies/samples/settings.ts';
import { useStudy } from '../../../state/study-store.ts';
import { writeAt } from '../../../state/adapters.ts';
import { inLanguage } from '../../../language/in-language.ts';
import { trainWords } from '../../../studies/train/words.ts';
import { useWords } from '../../use-words.ts';
import { TokenText } from '../samples/TokenText.tsx';

/** Milliseconds without slider movement before generation starts. */
const REST = 400;

export function RankText({ rank }: { rank: number }) {
  const words = useWords();
  const w = inLanguage(trainWords, words).text;
  const samples = useStudy((s) => s.states.samples);
  const there = useStudy((s) => s.adapters.some((a) => a.name === TRAINED));
  const free = useStudy((s) => s.phase.train !== 'running' && s.phase.train !== 'paused');
  const [follows, setFollows] = useState(false);
  const [looked, setLooked] = useState<number | null>(null);
  const can = there && free && rank <= SAMPLES_LIMITS.rank[1];
  const shown =
    samples?.adapter?.name === TRAINED && samples.adapter.rank !== null ? samples : null;
  useEffect(() => {
    if (!follows || !can || useStudy.getState().states.samples?.adapter?.rank === rank) return;
    const timer = setTimeout(() => writeAt(TRAINED, rank), REST);
    return () => clearTimeout(timer);
  }, [follows, can, rank]);
  function write() {
    setFollows(true);
    writeAt(TRAINED, rank);
  }
  return (
    <div className="rank-text">
      <div className="row centre">
        <h3>{w.title}</h3>
        {(!follows || shown === null) && (
          <button type="button" className="button line small" disabled={!can} onClick={write}>
            {w.write(rank)}
          </button>
        )}
      </div>
      {shown && (
        <div className="samples">
          {(['base', 'adapted'] as const).map((by) => (
            <section key={by}>
              <p className="small ink2">
                {by === 'base'
                  ? w.base
                  : inLanguage(trainWords, words).rank(defined(defined(shown.adapter).rank))}
              </p>
              <TokenText
                by={by}
                state={shown}
                prompt={shown.spec.samples.prompt}
                at={looked ?? firstDifference(shown.texts)}
                onLook={setLooked}
              />
            </section>
          ))}
        </div>
      )}
    </div>
  );
}
