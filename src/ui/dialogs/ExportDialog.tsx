/** The export dialog: all files, and the command that repeats the experiment elsewhere. */
import { useState } from 'react';
import { useExperiment } from '../../state/experiment-store.ts';
import { useMapView } from '../map/use-map-view.ts';
import { useSaveMap } from '../map/use-save-map.ts';
import { commandOf } from '../export/command.ts';
import { copyText, download } from '../export/download.ts';
import { useWords } from '../use-words.ts';

export function ExportDialog() {
  const words = useWords();
  const w = words.export;
  const save = useSaveMap(useMapView());
  const spec = useExperiment((e) => e.spec);
  const [copied, setCopied] = useState(false);
  const command = commandOf(spec);
  const row = (label: string, note: string | null, act: (() => void) | null) => (
    <li className="row centre">
      <span>
        {label}
        {note && <small className="ink2 block">{note}</small>}
      </span>
      <button
        type="button"
        className="button line small"
        disabled={!act}
        onClick={act ?? undefined}
        aria-label={label}
      >
        {w.save}
      </button>
    </li>
  );
  return (
    <>
      <p className="ink2">{w.intro}</p>
      <ul className="rows">
        {row(w.result, save.json ? w.resultNote : w.notYet, save.json)}
        {row(w.ranks, null, save.csv)}
        {row(w.map, null, save.svg)}
        {row(w.spec, null, () =>
          download(
            'rank-atlas-spec.json',
            `${JSON.stringify(spec, null, 1)}\n`,
            'application/json',
          ),
        )}
      </ul>
      <h3 className="rule-top">{w.command}</h3>
      <div className="command">
        <code>{command}</code>
        <button
          type="button"
          className="button line small"
          onClick={() => void copyText(command).then(setCopied)}
        >
          {copied ? words.header.copied : w.copyCommand}
        </button>
      </div>
    </>
  );
}
