/**
 * The visitor's own training text, pasted or from a file. The last tenth is held out. The text
 * stays on this device.
 */
import { useState } from 'react';
import { LIMITS } from '../../spec/limits.ts';
import { useExperiment } from '../../state/experiment-store.ts';
import { useWords } from '../use-words.ts';

/** Fraction of the text that is held out. */
const HELD = 0.1;

/** Splits the text, at the end of a line if one is within 400 characters. */
function split(text: string): [train: string, held: string] {
  const wanted = Math.floor(text.length * (1 - HELD));
  const line = text.indexOf('\n', wanted);
  const at = line < 0 || line > wanted + 400 ? wanted : line + 1;
  return [text.slice(0, at), text.slice(at)];
}

export function OwnTrainingText({ onTake }: { onTake(train: string, held: string): void }) {
  const w = useWords().training;
  const { train, held } = useExperiment((e) => e.spec.training);
  const [text, setText] = useState(
    train.kind === 'own' && held.kind === 'own' && train.text !== held.text
      ? train.text + held.text
      : '',
  );
  async function read(file: File | undefined) {
    if (file) setText((await file.text()).slice(0, LIMITS.text[1]));
  }
  const [first, last] = split(text);
  const enough = first.trim() !== '' && last.trim() !== '';
  return (
    <div className="stack own-text">
      <textarea
        className="input"
        rows={5}
        lang=""
        aria-label={w.own}
        placeholder={w.paste}
        value={text}
        maxLength={LIMITS.text[1]}
        onChange={(e) => setText(e.target.value)}
      />
      <div className="row centre">
        <button
          type="button"
          className="button line small"
          disabled={!enough}
          onClick={() => onTake(first, last)}
        >
          {w.take}
        </button>
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
      <p className="small ink2">{w.stays}</p>
    </div>
  );
}
