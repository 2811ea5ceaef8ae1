/**
 * Shows the link itself. Used if the link may contain the visitor's own text, which is included
 * only on request, or if the clipboard is not available.
 */
import { useEffect, useState } from 'react';
import { AtlasError } from '../../errors.ts';
import { ownTextLength } from '../../experiment/link.ts';
import { useExperiment } from '../../state/experiment-store.ts';
import { linkNow, resultNow } from '../../state/link-store.ts';
import { copyText } from '../export/download.ts';
import { useWords } from '../use-words.ts';

export function LinkDialog() {
  const words = useWords();
  const w = words.export;
  const ownText = useExperiment((e) => ownTextLength(e.spec));
  const [withText, setWithText] = useState(false);
  const [link, setLink] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    let current = true;
    linkNow(withText).then(
      (url) => {
        if (current) {
          setLink(url);
          setProblem(null);
          setCopied(false);
        }
      },
      (error: unknown) => {
        if (current && error instanceof AtlasError) {
          setLink('');
          setProblem(words.error(error.code, error.values));
        }
      },
    );
    return () => {
      current = false;
    };
  }, [withText, words]);
  return (
    <div className="stack">
      {resultNow() && <p className="ink2">{w.linkResult}</p>}
      {ownText > 0 && (
        <label className="choice">
          <input
            type="checkbox"
            checked={withText}
            onChange={(e) => setWithText(e.target.checked)}
          />
          <span>{w.linkText}</span>
          <small className="ink2"> {w.linkTextNote(ownText)}</small>
        </label>
      )}
      {problem && (
        <p className="err" role="alert">
          {problem}
        </p>
      )}
      <label className="field">
        <span className="label">{w.link}</span>
        <textarea
          className="input"
          readOnly
          rows={4}
          value={link}
          onFocus={(e) => e.target.select()}
        />
      </label>
      <div>
        <button
          type="button"
          className="button act"
          disabled={!link}
          onClick={() => void copyText(link).then(setCopied)}
        >
          {copied ? words.header.copied : w.linkReady}
        </button>
      </div>
    </div>
  );
}
