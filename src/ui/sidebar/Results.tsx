/**
 * The latest results on this device, including comparisons of methods. Click one to show it; mark
 * two measurements to compare them.
 */
import { resultKey, useMap, type SavedResult } from '../../state/map-store.ts';
import { useShown, useStudy } from '../../state/study-store.ts';
import { useState } from 'react';
import { elementAt } from '../../checked.ts';
import { measurementOf } from '../../studies/map/state.ts';
import { useExperiment } from '../../state/experiment-store.ts';
import { useModel } from '../../state/model-store.ts';
import { agreementKey, useAgreements, type SavedAgreement } from '../../state/agreements.ts';
import { usePick } from '../../state/pick.ts';
import { showMeasurement } from '../../state/runs.ts';
import { showAgreement } from '../../state/agreements.ts';
import { nameOf } from '../../words/describe.ts';
import { useWords } from '../use-words.ts';
import { useClock } from '../parts/use-clock.ts';

export function Results() {
  const words = useWords();
  const w = words.sidebar;
  const results = useMap((m) => m.results);
  const shown = useShown();
  const phase = useStudy((s) => s.phase.map);
  const { facts } = usePick(useModel, 'facts');
  const [marked, setMarked] = useState<readonly string[] | null>(null);
  const now = useClock(60_000);

  // Results of another model are hidden, because they cannot be compared with the map in view.
  const ofModel = ({ result: { model } }: SavedResult | SavedAgreement) =>
    model.hash === (shown?.model.hash ?? facts?.hash);
  const here = results.filter(ofModel);
  const agreed = useAgreements((a) => a.saved).filter(ofModel);
  const inPanel = useAgreementInView();
  const comparingMethods = useStudy((s) => s.phase.agree === 'running');
  const inView = shown?.result ? resultKey(shown.result) : null;
  const running = !inView && shown && (phase === 'running' || phase === 'paused');

  function show({ result }: SavedResult) {
    const { spec, edit } = useExperiment.getState();
    edit(() => ({ ...result.spec, allocation: spec.allocation }), 'result');
    showMeasurement(measurementOf(result));
  }
  function compare(keys: readonly string[]) {
    const found = here.filter((r) => keys.includes(r.key)).sort((a, b) => a.at - b.at);
    if (found.length === 2)
      useMap.setState({ comparing: { a: elementAt(found, 0), b: elementAt(found, 1) } });
    setMarked(null);
  }

  const ago = ({ at }: { at: number }) => w.ago(Math.floor((now - at) / 60_000));

  return (
    <div className="results">
      <div className="label">
        <span>{w.results}</span>
        {here.length > 1 &&
          phase !== 'running' &&
          (marked === null ? (
            <button type="button" className="link" onClick={() => setMarked([])}>
              {w.compareTwo}
            </button>
          ) : (
            <button
              type="button"
              className="link"
              onClick={() => (marked.length === 2 ? compare(marked) : setMarked(null))}
            >
              {marked.length === 2 ? w.compareThese : words.cancel}
            </button>
          ))}
      </div>
      {here.length + agreed.length === 0 && !running && <div className="ink3">{w.noResults}</div>}
      <ul>
        {running && (
          <li className="row">
            <b>{nameOf(words, shown.spec)}</b>
            <small className="ink3">{phase === 'running' ? w.running : w.pausedNow}</small>
          </li>
        )}
        {marked === null &&
          agreed.map((saved) => {
            const name = w.agreement(nameOf(words, saved.result.spec));
            return (
              <li className="row" key={saved.key}>
                <button
                  type="button"
                  className="plain ellipsis"
                  title={name}
                  aria-current={saved.key === inPanel}
                  disabled={phase === 'running' || comparingMethods}
                  onClick={() => showAgreement(saved.result)}
                >
                  {name}
                </button>
                <small className="ink3 nowrap">{ago(saved)}</small>
              </li>
            );
          })}
        {here.map((saved) => {
          const name = nameOf(words, saved.result.spec);
          return (
            <li className="row" key={saved.key}>
              {marked ? (
                <label className="choice">
                  <input
                    type="checkbox"
                    checked={marked.includes(saved.key)}
                    disabled={marked.length === 2 && !marked.includes(saved.key)}
                    onChange={(e) =>
                      setMarked(
                        e.target.checked
                          ? [...marked, saved.key]
                          : marked.filter((k) => k !== saved.key),
                      )
                    }
                  />
                  <span>{name}</span>
                </label>
              ) : (
                <button
                  type="button"
                  className="plain ellipsis"
                  aria-current={saved.key === inView}
                  disabled={phase === 'running'}
                  onClick={() => show(saved)}
                >
                  {name}
                </button>
              )}
              <small className="ink3 nowrap">{ago(saved)}</small>
            </li>
          );
        })}
      </ul>
    </div>
  );
}

/** Key of the comparison shown in the panel. */
function useAgreementInView(): string | null {
  const open = useExperiment((e) => e.spec.study === 'agree');
  const result = useStudy((s) => s.states.agree?.result);
  return open && result ? agreementKey(result) : null;
}
