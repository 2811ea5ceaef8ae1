/** Source, licence, BibTeX, and a methods paragraph about the run in view. */
import { useState } from 'react';
import { resultNow } from '../../state/link-store.ts';
import { useExperiment } from '../../state/experiment-store.ts';
import { useStudy } from '../../state/study-store.ts';
import { inLanguage } from '../../language/in-language.ts';
import { articleWords } from '../../words/article-words.ts';
import { methodsParagraph } from '../../words/methods-paragraph.ts';
import { commandOf } from '../export/command.ts';
import { copyText } from '../export/download.ts';
import { useWords } from '../use-words.ts';
import { bibtex } from './bibtex.ts';
import { External } from './External.tsx';

/** The address of the source code, which the site's build may set; empty if it does not. */
const source = () =>
  document.querySelector<HTMLMetaElement>('meta[name="source-code"]')?.content ?? '';

function Copied({ title, note, text }: { title: string; note?: string; text: string }) {
  const { copy, copied } = inLanguage(articleWords, useWords()).cite;
  const [done, setDone] = useState(false);
  return (
    <>
      <div className="row">
        <h4>{title}</h4>
        <button
          type="button"
          className="button line small"
          aria-label={`${copy}: ${title}`}
          onClick={() => void copyText(text).then(setDone)}
        >
          {done ? copied : copy}
        </button>
      </div>
      {note && <p className="small ink2">{note}</p>}
      <pre tabIndex={0} aria-label={title}>
        {text}
      </pre>
    </>
  );
}

export function Cite() {
  const words = useWords();
  const w = inLanguage(articleWords, words).cite;
  const study = useExperiment((e) => e.spec.study);
  // A change of these re-renders: `resultNow` reads both.
  useExperiment((e) => e.spec);
  useStudy((s) => s.states.map?.result);
  const result = resultNow();
  const studied = useStudy((s) => (s.states[study]?.result ? s.specs[study] : null));
  const address = source();
  return (
    <>
      {address !== '' && (
        <p>
          {w.source}: <External to={address}>{address}</External>
        </p>
      )}
      <p>
        {w.licence}{' '}
        <a href="./licenses.md" target="_blank" rel="noopener noreferrer">
          licenses.md
        </a>
      </p>
      {result ? (
        <Copied
          title={w.methods}
          note={w.methodsNote}
          text={methodsParagraph(words, result, {
            studied: study === 'map' ? null : studied,
            command: commandOf(result.spec),
          })}
        />
      ) : (
        <>
          <h4>{w.methods}</h4>
          <p className="small ink2">{w.notYet}</p>
        </>
      )}
      <Copied title={w.bibtex} text={bibtex()} />
    </>
  );
}
