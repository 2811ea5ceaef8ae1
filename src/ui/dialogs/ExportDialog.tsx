/** The export dialog: all files, and the command that repeats the experiment elsewhere. */
import { Fragment, useState } from 'react';
import { TRAINERS, trainerFile } from '../../adapters/trainers.ts';
import { inLanguage } from '../../language/in-language.ts';
import { useRankTable } from '../../state/derived.ts';
import { shareWords } from '../../words/share-words.ts';
import { useExperiment } from '../../state/experiment-store.ts';
import { useMapView } from '../map/use-map-view.ts';
import { useSaveMap } from '../map/use-save-map.ts';
import { commandOf } from '../export/command.ts';
import { copyText, download } from '../export/download.ts';
import { Share } from './Share.tsx';
import { useWords } from '../use-words.ts';

export function ExportDialog() {
  const words = useWords();
  const w = words.export;
  const save = useSaveMap(useMapView());
  const spec = useExperiment((e) => e.spec);
  const [copied, setCopied] = useState(false);
  const command = commandOf(spec);
  const more = inLanguage(shareWords, words);
  const { rows, allocation } = useRankTable();
  const ranks =
    allocation && rows.map(({ module, rank }) => ({ path: module.path, rank: rank ?? 0 }));
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
        {row(more.png, null, save.png)}
        {row(w.spec, null, () =>
          download(
            'rank-atlas-spec.json',
            `${JSON.stringify(spec, null, 1)}\n`,
            'application/json',
          ),
        )}
      </ul>
      <h3 className="rule-top">{more.train}</h3>
      <p className="small ink2">{ranks ? more.trainNote : more.noRanks}</p>
      <ul className="rows">
        {TRAINERS.map((trainer) => {
          const file = ranks && trainerFile(trainer, ranks);
          return (
            <Fragment key={trainer}>
              {row(
                more.trainers[trainer],
                more.notes[trainer] ?? null,
                file && (() => download(file.file, file.text, 'text/plain')),
              )}
            </Fragment>
          );
        })}
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
      <Share />
    </>
  );
}
