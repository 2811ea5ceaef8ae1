/**
 * Asks which adapter to import if files contain several adapters at the same depth. Shown in the
 * banner until answered or dismissed.
 */
import { useEffect, useId, useRef, type KeyboardEvent } from 'react';
import { defined } from '../../checked.ts';
import { linesApart } from '../../model/one-line.ts';
import { useModel, type AdapterChoice as Choice } from '../../state/model-store.ts';
import { adapterChoiceWords } from '../../words/adapter-choice-words.ts';
import { inLanguage } from '../../language/in-language.ts';
import { useWords } from '../use-words.ts';
import { offerAdapter } from './offer-files.ts';

/** Number of buttons. Trainers usually save fewer checkpoints. */
const MAX_SHOWN = 100;

/** Characters of a folder's name on its button. */
const MAX_CHARACTERS = 60;

const dismiss = () => useModel.setState({ failure: null });

export function AdapterChoice({ file, files, folders }: Choice & { file: string }) {
  const words = useWords();
  const w = inLanguage(adapterChoiceWords, useWords());
  const question = useRef<HTMLParagraphElement>(null);
  const id = useId();
  const labels = linesApart(folders.slice(0, MAX_SHOWN), MAX_CHARACTERS);
  useEffect(() => {
    const before = document.activeElement;
    defined(question.current).focus();
    return () => {
      // Restore the focus only if nothing else took it. If the picker that opened the files has
      // closed, focus the button that opens the picker.
      if (document.activeElement !== document.body) return;
      const opener =
        before !== document.body && before?.isConnected
          ? before
          : document.getElementById('change-model');
      (opener as HTMLElement | null)?.focus();
    };
  }, []);

  function onKeyDown(e: KeyboardEvent) {
    if (e.key !== 'Escape') return;
    e.preventDefault();
    dismiss();
  }
  return (
    <div className="banner" role="group" aria-labelledby={id} onKeyDown={onKeyDown}>
      {/* Isolates the file name, so that right-to-left text does not reorder the sentence. */}
      <p id={id} ref={question} tabIndex={-1}>
        <b>{w.several(`\u2068${file}\u2069`)}</b> {w.which}
      </p>
      <ul className="adapter-folders">
        {labels.map((label, i) => (
          <li key={label}>
            <button
              type="button"
              className="button line small"
              onClick={() => void offerAdapter(files, folders[i])}
            >
              <bdi className="ellipsis">{label}</bdi>
            </button>
          </li>
        ))}
      </ul>
      {folders.length > MAX_SHOWN && (
        <span className="small ink2">{w.more(folders.length - MAX_SHOWN)}</span>
      )}
      <div className="buttons">
        <button type="button" className="button small" onClick={dismiss}>
          {words.banner.dismiss}
        </button>
      </div>
    </div>
  );
}
