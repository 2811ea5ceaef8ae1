/**
 * The text dialog: a bundled text or the visitor's own, counted in the model's tokens before it is
 * used.
 */
import { useEffect, useId, useState } from 'react';
import { AtlasError } from '../../errors.ts';
import { LIMITS } from '../../spec/limits.ts';
import { parseSpec } from '../../experiment/schema.ts';
import type { TextRef } from '../../spec/spec.ts';
import { useExperiment } from '../../state/experiment-store.ts';
import { useModel } from '../../state/model-store.ts';
import { countTokens, engine } from '../../state/engine.ts';
import { usePick } from '../../state/pick.ts';
import { textOf } from '../../state/texts.ts';
import { useWords } from '../use-words.ts';

/** Longer files are not read, because no batch could use them. */
const MAX_BYTES = 4 * LIMITS.text[1];

export function TextDialog({ close }: { close(): void }) {
  const words = useWords();
  const w = words.text;
  const id = useId();
  const texts = useModel((m) => m.texts);
  const { spec, edit } = usePick(useExperiment, 'spec', 'edit');
  const [choice, setChoice] = useState<string>(spec.text.kind === 'bundled' ? spec.text.id : 'own');
  const [own, setOwn] = useState(spec.text.kind === 'own' ? spec.text.text : '');
  const [preview, setPreview] = useState('');
  const [state, setState] = useState<{ words: string; error: boolean } | null>(null);
  /** Why the last file was rejected. */
  const [refused, setRefused] = useState<string | null>(null);
  const text: TextRef =
    choice === 'own' ? { kind: 'own', text: own } : { kind: 'bundled', id: choice };
  const empty = choice === 'own' && own.trim() === '';

  useEffect(() => {
    let current = true;
    if (choice !== 'own')
      void textOf({ kind: 'bundled', id: choice }).then(
        (t) => {
          if (current) setPreview(plain(t));
        },
        () => undefined,
      );
    return () => {
      current = false;
    };
  }, [choice]);

  useEffect(() => {
    if (empty || !engine.open) return;
    let current = true;
    const timer = setTimeout(() => {
      setState({ words: w.counting, error: false });
      const answer = (s: { words: string; error: boolean }) => {
        if (current) setState(s);
      };
      Promise.resolve()
        .then(() => countTokens(parseSpec({ ...spec, text })))
        .then(
          ({ tokens, sequences, length }) =>
            answer({ words: w.counted(tokens, sequences, length), error: false }),
          (e: unknown) =>
            answer(
              e instanceof AtlasError
                ? { words: words.error(e.code, e.values), error: true }
                : { words: String(e), error: true },
            ),
        );
    }, 300);
    return () => {
      current = false;
      clearTimeout(timer);
    };
    // Recount only if the text changes, not if its object does.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [choice, own, empty, words]);

  async function read(file: File | undefined) {
    if (!file) return;
    setRefused(null);
    if (file.size > MAX_BYTES)
      return setRefused(
        words.error('bad-text', {
          why: `${file.name}: ${words.size(file.size)}`,
          remedy: w.shorter(LIMITS.text[1]),
        }),
      );
    const bytes = new Uint8Array(await file.arrayBuffer());
    try {
      const content = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
      setOwn(content.slice(0, LIMITS.text[1]));
      setChoice('own');
    } catch {
      setRefused(words.error('bad-text', { why: w.binary(file.name), remedy: w.plain }));
    }
  }

  function take() {
    edit((s) => ({ ...s, text }), 'text');
    close();
  }
  return (
    <div
      className="text-dialog stack"
      onDragOver={(e) => e.preventDefault()}
      onDrop={(e) => {
        if (e.dataTransfer.files.length) {
          e.preventDefault();
          e.stopPropagation();
          void read(e.dataTransfer.files[0]);
        }
      }}
    >
      <p className="ink2">{w.intro}</p>
      <div className="field">
        <label htmlFor={id}>{w.choose}</label>
        <select
          id={id}
          className="select"
          value={choice}
          onChange={(e) => setChoice(e.target.value)}
        >
          {texts.map((t) => (
            <option key={t.id} value={t.id}>
              {words.texts[t.id] ?? t.title}
            </option>
          ))}
          <option value="own">{w.own}</option>
        </select>
      </div>
      {choice === 'own' ? (
        <textarea
          className="input"
          rows={10}
          lang=""
          aria-label={w.own}
          placeholder={w.paste}
          value={own}
          maxLength={LIMITS.text[1]}
          onChange={(e) => setOwn(e.target.value)}
        />
      ) : (
        <textarea
          className="input"
          rows={10}
          lang="en"
          aria-label={w.preview}
          readOnly
          value={preview}
        />
      )}
      <div className="row centre">
        <span
          className={`small ${!empty && state?.error ? 'err' : 'ink2'}`}
          role={!empty && state?.error ? 'alert' : 'status'}
        >
          {empty ? '' : (state?.words ?? '')}
        </span>
        <label className="link file">
          {w.file}
          <input
            type="file"
            accept=".txt,.jsonl,.md,text/plain"
            className="hidden-visually"
            onChange={(e) => {
              void read(e.target.files?.[0]);
              e.target.value = '';
            }}
          />
        </label>
      </div>
      {refused && (
        <p className="small err" role="alert">
          {refused}
        </p>
      )}
      <div>
        <button
          type="button"
          className="button act"
          disabled={empty || state?.error}
          onClick={take}
        >
          {w.use}
        </button>
      </div>
    </div>
  );
}

/** The start of a text. Of JSON Lines, only the `text` fields. */
function plain(text: string): string {
  const start = text.slice(0, 4000);
  if (!start.startsWith('{')) return start;
  return start
    .split('\n')
    .slice(0, -1)
    .flatMap((line) => {
      try {
        return [String((JSON.parse(line) as { text?: unknown }).text ?? '')];
      } catch {
        return [];
      }
    })
    .join('\n\n');
}
