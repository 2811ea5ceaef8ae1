/** The same prompt continued before compression and with the current steps applied. */
import type { CompressResult } from '../../../studies/compress/state.ts';
import { inLanguage } from '../../../language/in-language.ts';
import { compressWords } from '../../../studies/compress/words.ts';
import { useWords } from '../../use-words.ts';

export function Texts({
  text,
  steps,
}: {
  text: NonNullable<CompressResult['text']>;
  steps: number;
}) {
  const w = inLanguage(compressWords, useWords());
  const written = (name: string, step: number) => (
    <section>
      <h4 className="small ink2">{name}</h4>
      <p lang="" className="written">
        <span className="ink3">{text.prompt}</span>
        {text.steps[step]}
      </p>
    </section>
  );
  return (
    <details className="advanced rule-top">
      <summary>{w.texts}</summary>
      <div className="two-texts small">
        {written(w.textBefore, 0)}
        {steps > 0 && written(w.textAfter(steps), steps)}
      </div>
      {steps > 0 && text.steps[steps] === text.steps[0] && (
        <p className="small ink2">{w.textSame}</p>
      )}
    </details>
  );
}
