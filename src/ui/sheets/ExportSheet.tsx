/** Everything that can be taken away, and the command that repeats the experiment elsewhere. */
import { useState } from 'react';
import { describeChanges } from '../../experiment/settings.ts';
import { defaults } from '../../state/derived.ts';
import { useExperiment } from '../../state/experiment-store.ts';
import { useSaveMap } from '../map/use-save-map.ts';
import { copyText, download } from '../export/download.ts';
import { useWords } from '../words/use-words.ts';
import type { ExperimentSpec } from '../../experiment/spec.ts';

/** Quoted for a POSIX shell. */
const quote = (s: string) => (/^[\w./:=@-]+$/.test(s) ? s : `'${s.replaceAll("'", "'\\''")}'`);

/** What repeats the experiment on the command line. An own text and a model from files are named as files. */
export function commandOf(spec: ExperimentSpec): string {
  const parts = ['npx rank-atlas run where'];
  for (const { path, to } of describeChanges(defaults, spec)) {
    if (path === 'model.id' && !String(to).startsWith('bundled:')) parts.push('--model FOLDER');
    else if (path === 'text' && spec.text.kind === 'own') parts.push('--text FILE.txt');
    else if (path === 'text' && spec.text.kind === 'ids') parts.push(`--ids ${quote(JSON.stringify(spec.text.ids))}`);
    else if (path === 'seed') parts.push(`--seed ${spec.seed}`);
    else if (path !== 'model.hash') parts.push(`--set ${quote(`${path}=${typeof to === 'string' ? to : JSON.stringify(to)}`)}`);
  }
  return parts.join(' ');
}

export function ExportSheet() {
  const words = useWords();
  const w = words.export;
  const save = useSaveMap();
  const spec = useExperiment((e) => e.spec);
  const [copied, setCopied] = useState(false);
  const command = commandOf(spec);
  const row = (label: string, note: string | null, act: (() => void) | null) => (
    <li className="row centre"><span>{label}{note && <small className="ink2 block">{note}</small>}</span><button type="button" className="button line small" disabled={!act} onClick={act ?? undefined} aria-label={label}>{w.save}</button></li>
  );
  return (
    <>
      <p className="ink2">{w.intro}</p>
      <ul className="rows">
        {row(w.result, save.json ? w.resultNote : w.notYet, save.json)}
        {row(w.ranks, null, save.csv)}
        {row(w.map, null, save.svg)}
        {row(w.spec, null, () => download('rank-atlas-spec.json', `${JSON.stringify(spec, null, 1)}\n`, 'application/json'))}
      </ul>
      <h3 className="rule-top">{w.command}</h3>
      <div className="command"><code>{command}</code><button type="button" className="button line small" onClick={() => void copyText(command).then(setCopied)}>{copied ? words.header.copied : w.copyCommand}</button></div>
    </>
  );
}
