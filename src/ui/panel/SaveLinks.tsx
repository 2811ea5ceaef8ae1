/** Links to files that the engine's worker writes on request, and the outcome of the last one. */
import { useState } from 'react';
import { defined, elementAt } from '../../checked.ts';
import { attempt } from '../../state/attempt.ts';
import type { SavedFile } from '../../worker/protocol.ts';
import { download, fileName } from '../export/download.ts';
import { inLanguage } from '../../language/in-language.ts';
import { derivedWords } from '../../words/derived-words.ts';
import { useWords } from '../use-words.ts';

interface Props<F extends string> {
  /** What the files contain; part of their names. */
  of: string;
  modelTitle: string;
  files: readonly (readonly [file: F, word: string])[];
  /** `dataName`: name of the external data file, for a model too large for one file. */
  write(file: F, dataName: string): Promise<SavedFile[]>;
}

export function SaveLinks<F extends string>({ of, modelTitle, files, write }: Props<F>) {
  const w = inLanguage(derivedWords, useWords());
  const [busy, setBusy] = useState(false);
  const [saved, setSaved] = useState<string | null>(null);
  async function save(file: F) {
    setBusy(true);
    await attempt(async () => {
      const name = elementAt(file.split('/'), -1);
      const whole = `${fileName('rank-atlas', modelTitle, of)}-${name}`;
      const dataName = `${whole}_data`;
      const [main, data] = await write(file, dataName);
      download(whole, defined(main).content, 'application/octet-stream');
      if (data) download(dataName, data.content, 'application/octet-stream');
      const size = w.size(defined(main).content.size + (data?.content.size ?? 0));
      setSaved(data ? w.savedTwo(whole, dataName, size) : w.saved(name, size));
    });
    setBusy(false);
  }
  return (
    <p className="small save-links">
      <span className="ink2">{w.save}</span>{' '}
      {files.map(([file, word]) => (
        <span key={file}>
          <button type="button" className="link" disabled={busy} onClick={() => void save(file)}>
            {word}
          </button>{' '}
        </span>
      ))}
      <span className="ink3" role="status">
        {busy ? w.saving : saved}
      </span>
    </p>
  );
}
