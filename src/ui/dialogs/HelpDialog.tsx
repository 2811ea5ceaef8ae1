/** The help dialog: what the page does, how to read it, keys and glossary. */
import { usePick } from '../../state/pick.ts';
import { useView } from '../../state/view-store.ts';
import { startTour } from '../frame/tour-control.ts';
import { glossaries, TERMS } from '../../words/glossary.ts';
import { useWords } from '../use-words.ts';

export function HelpDialog() {
  const words = useWords();
  const h = words.help;
  const { glossary, glossaryNames } = glossaries[useView((v) => v.language)];
  const { singleKeys, setSingleKeys } = usePick(useView, 'singleKeys', 'setSingleKeys');
  return (
    <div className="help">
      {h.intro.map((p) => (
        <p key={p}>{p}</p>
      ))}
      <p>
        <button type="button" className="button line" onClick={startTour}>
          {h.tour}
        </button>
      </p>
      <h3>{h.read}</h3>
      <ul>
        {h.readItems.map((p) => (
          <li key={p}>{p}</li>
        ))}
      </ul>
      <h3>{h.keys}</h3>
      <label className="choice">
        <input
          type="checkbox"
          checked={singleKeys}
          onChange={(e) => setSingleKeys(e.target.checked)}
        />
        <span>{h.keysOn}</span>
      </label>
      <dl className="keys-list">
        {h.keyList.map(([key, what]) => (
          <div key={key}>
            <dt>
              {key.split(' ').map((k) => (
                <kbd key={k}>{k}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <h3>{h.glossary}</h3>
      <dl className="glossary">
        {TERMS.map((term) => (
          <div key={term}>
            <dt>{glossaryNames[term]}</dt>
            <dd>{glossary[term]}</dd>
          </div>
        ))}
      </dl>
      <h3>{h.about}</h3>
      <p>{h.aboutText}</p>
    </div>
  );
}
