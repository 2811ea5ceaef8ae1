/**
 * The same prompt continued at the chosen rank and without the adapter. Asked for once, it is
 * written anew wherever the slider stops.
 */
import { useEffect, useState } from 'react';
import { defined } from '../../../checked.ts';
import { firstDifference } from '../../../studies/samples/compare.ts';
import { SAMPLES_LIMITS } from '../../../studies/samples/settings.ts';
import { useStudy } from '../../../state/study-store.ts';
import { writeAt } from '../../../state/adapters.ts';
import { inLanguage } from '../../../language/in-language.ts';
import { sliderWords } from '../../../studies/slider/words.ts';
import { useWords } from '../../use-words.ts';
import { TokenText } from '../samples/TokenText.tsx';

/** The slider rests for so many ms before anything is written. */
const REST = 400;
const ADAPTER = 'slider';

export function RankText({ rank }: { rank: number }) {
  const words = useWords();
  const w = inLanguage(sliderWords, words).text;
  const samples = useStudy((s) => s.states.samples);
  const there = useStudy((s) => s.adapters.some((a) => a.name === ADAPTER));
  const free = useStudy((s) => s.phase.slider !== 'running' && s.phase.slider !== 'paused');
  const [follows, setFollows] = useState(false);
  const [looked, setLooked] = useState<number | null>(null);
  const can = there && free && rank <= SAMPLES_LIMITS.rank[1];
  const shown =
    samples?.adapter?.name === ADAPTER && samples.adapter.rank !== null ? samples : null;
  useEffect(() => {
    if (!follows || !can || useStudy.getState().states.samples?.adapter?.rank === rank) return;
    const timer = setTimeout(() => writeAt(ADAPTER, rank), REST);
    return () => clearTimeout(timer);
  }, [follows, can, rank]);
  function write() {
    setFollows(true);
    writeAt(ADAPTER, rank);
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
                  : inLanguage(sliderWords, words).rank(defined(defined(shown.adapter).rank))}
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
