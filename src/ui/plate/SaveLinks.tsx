/** Files that the engine's thread writes when they are asked for, one link each, and what became of it. */
import { useState } from 'react';
import { failureOf } from '../../state/engine.ts';
import { useModel } from '../../state/model-store.ts';
import { download, fileName } from '../export/download.ts';
import { ofStudies } from '../words/study-words.ts';
import { useWords } from '../words/use-words.ts';

interface Props<F extends string> {
  /** What they hold, a part of their names. */
  of: string;
  modelTitle: string;
  files: readonly (readonly [file: F, word: string])[];
  write(file: F): Promise<Uint8Array<ArrayBuffer>>;
}

export function SaveLinks<F extends string>({ of, modelTitle, files, write }: Props<F>) {
  const w = ofStudies(useWords()).made, [busy, setBusy] = useState(false), [saved, setSaved] = useState<string | null>(null);
  async function save(file: F) {
    setBusy(true);
    useModel.setState({ failure: null });
    try {
      const bytes = await write(file), name = file.split('/').at(-1)!;
      download(`${fileName('rank-atlas', modelTitle, of)}-${name}`, bytes, 'application/octet-stream');
      setSaved(w.saved(name, w.size(bytes.length)));
    } catch (error) {
      useModel.setState({ failure: failureOf(error) });
    } finally {
      setBusy(false);
    }
  }
  return (
    <p className="small save-links">
      <span className="ink2">{w.save}</span>{' '}
      {files.map(([file, word]) => <span key={file}><button type="button" className="link" disabled={busy} onClick={() => void save(file)}>{word}</button>{' '}</span>)}
      <span className="ink3" role="status">{busy ? w.saving : saved}</span>
    </p>
  );
}
