/** The compression as files: factors of what was cut, and the model with their product put in. */
import { useState } from 'react';
import type { CompressResult } from '../../../experiment/compress-state.ts';
import { failureOf } from '../../../state/engine.ts';
import { useModel } from '../../../state/model-store.ts';
import { compressedFiles } from '../../../state/study-session.ts';
import { download, fileName } from '../../export/download.ts';
import { ofStudies } from '../../words/study-words.ts';
import { useWords } from '../../words/use-words.ts';

export function SaveFiles({ result, steps }: { result: CompressResult; steps: number }) {
  const w = ofStudies(useWords()).compress, [busy, setBusy] = useState(false), [saved, setSaved] = useState<string | null>(null);
  async function save(wanted: 'factors.safetensors' | 'model.onnx') {
    setBusy(true);
    useModel.setState({ failure: null });
    try {
      const { bytes } = (await compressedFiles(result, steps)).files.find((f) => f.name === wanted)!, name = `${fileName('rank-atlas', result.model.title, 'compressed')}-${wanted}`;
      download(name, bytes, 'application/octet-stream');
      setSaved(w.saved(wanted, w.size(bytes.length)));
    } catch (error) {
      useModel.setState({ failure: failureOf(error) });
    } finally {
      setBusy(false);
    }
  }
  return (
    <p className="small compress-save">
      <span className="ink2">{w.save}</span>{' '}
      <button type="button" className="link" disabled={busy} onClick={() => void save('factors.safetensors')}>{w.factors}</button>{' '}
      <button type="button" className="link" disabled={busy} onClick={() => void save('model.onnx')}>{w.model}</button>{' '}
      <span className="ink3" role="status">{busy ? w.saving : saved}</span>
    </p>
  );
}
