/**
 * Models from a hub or an address: looks one up by name, lists its graphs by size, fetches one with
 * progress and caches it.
 */
import { useEffect, useId, useRef, useState } from 'react';
import {
  fetchVariant,
  forgetModel,
  cachedModels,
  lookUp,
  stopFetching,
} from '../../state/remote-picker.ts';
import { hubAddress } from '../../state/hub-address.ts';
import { useModel, type Candidate } from '../../state/model-store.ts';
import { remoteWords } from '../../words/remote-words.ts';
import { inLanguage } from '../../language/in-language.ts';
import { useWords } from '../use-words.ts';

export function HubField() {
  const w = inLanguage(remoteWords, useWords());
  const id = useId();
  const [text, setText] = useState('');
  return (
    <form
      className="hub-field"
      onSubmit={(e) => {
        e.preventDefault();
        if (text.trim()) void lookUp(text);
      }}
    >
      <label htmlFor={id}>{w.label}</label>
      <div className="row">
        <input
          id={id}
          type="text"
          className="input"
          value={text}
          placeholder={w.example}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          onChange={(e) => setText(e.target.value)}
        />
        <button type="submit" className="button line" disabled={!text.trim()}>
          {w.look}
        </button>
      </div>
      <p className="small ink2">{w.note(new URL(hubAddress()).host)}</p>
    </form>
  );
}

/** The graphs in a repository or a local folder, smallest first. */
export function Offer({ offer, name }: { offer: NonNullable<Candidate['offer']>; name: string }) {
  const words = useWords();
  const w = inLanguage(remoteWords, useWords());
  return (
    <div className="rule-top offer">
      <h3>{w.offers(name)}</h3>
      <table className="models">
        <thead>
          <tr>
            <th scope="col">{w.file}</th>
            <th scope="col">{w.size}</th>
            <th scope="col">
              <span className="hidden-visually">{w.fetch}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {offer.variants.map(({ graph, bytes, cached }) => (
            <tr key={graph}>
              <td className="bold">{graph}</td>
              <td>
                {words.size(bytes)}
                {cached && <span className="ink2">, {w.here}</span>}
              </td>
              <td>
                <button
                  type="button"
                  className="button line small"
                  aria-label={`${cached ? w.inspect : w.fetch}: ${graph}`}
                  onClick={() => void fetchVariant(offer, graph)}
                >
                  {cached ? w.inspect : w.fetch}
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {offer.commit !== '' && <p className="small ink2">{w.commit(offer.commit.slice(0, 10))}</p>}
    </div>
  );
}

/** A model that is being looked up, then fetched. */
export function Fetching({ name }: { name: string }) {
  const words = useWords();
  const w = inLanguage(remoteWords, useWords());
  const { loaded, total } = useModel((m) => m.download.model);
  const begun = useRef<{ at: number; loaded: number } | null>(null);
  const [rate, setRate] = useState(0);
  useEffect(() => {
    const now = performance.now();
    if (total === 0) return;
    // The cached part arrives at once, so the rate excludes it.
    if (!begun.current || now - begun.current.at < 300)
      begun.current = { at: begun.current?.at ?? now, loaded };
    else setRate((1000 * (loaded - begun.current.loaded)) / (now - begun.current.at));
  }, [loaded, total]);
  if (total === 0)
    return (
      <div className="rule-top" role="status">
        <h3>{name}</h3>
        <p className="ink2">{w.looking(name)}</p>
      </div>
    );
  // The download is complete and the model is being read, so Cancel is not shown.
  if (loaded === total)
    return (
      <div className="rule-top" role="status">
        <h3>{name}</h3>
        <p className="ink2">{words.picker.inspecting}</p>
      </div>
    );
  return (
    <div className="rule-top fetching">
      <h3>{name}</h3>
      <progress value={loaded} max={total} aria-label={w.progress} />
      <p className="ink2" role="status">
        {w.fetching(loaded, total)}
        {rate > 0 && `, ${w.rate(rate)}`}
      </p>
      <button type="button" className="button line" onClick={stopFetching}>
        {w.cancel}
      </button>
    </div>
  );
}

/** Cached models from the hub, with buttons to inspect or remove each. */
export function CachedModels() {
  const words = useWords();
  const w = inLanguage(remoteWords, useWords());
  const [models, setModels] = useState<Awaited<ReturnType<typeof cachedModels>>>([]);
  // Refresh after an inspection: it may have cached a model.
  const inspected = useModel((m) => m.candidate?.inspection);
  useEffect(() => {
    let gone = false;
    cachedModels().then(
      (all) => {
        if (!gone) setModels(all);
      },
      () => undefined,
    );
    return () => {
      gone = true;
    };
  }, [inspected]);
  if (models.length === 0) return null;
  return (
    <table className="models">
      <thead>
        <tr>
          <th scope="col">{w.cached}</th>
          <th scope="col">{w.size}</th>
          <th scope="col">
            <span className="hidden-visually">{w.look}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {models.map(({ repository, commit, bytes }) => (
          <tr key={repository}>
            <td className="bold">{repository}</td>
            <td>{words.size(bytes)}</td>
            <td>
              <button
                type="button"
                className="button line small"
                aria-label={`${w.look}: ${repository}`}
                onClick={() => void lookUp(`${repository}@${commit}`)}
              >
                {w.look}
              </button>{' '}
              <button
                type="button"
                className="link"
                aria-label={w.removeName(repository)}
                onClick={() =>
                  void forgetModel(repository)
                    .then(cachedModels)
                    .then(setModels, () => undefined)
                }
              >
                {w.remove}
              </button>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
