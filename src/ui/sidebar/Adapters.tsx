/**
 * Trained and imported adapters: show their ranks on the map, evaluate their held-out loss, and
 * save their PEFT files.
 */
import { useState } from 'react';
import { judgeAdapter } from '../../state/adapters.ts';
import { attempt } from '../../state/attempt.ts';
import { openStudy } from '../../state/experiment-store.ts';
import { usePick } from '../../state/pick.ts';
import { useStudy } from '../../state/study-store.ts';
import { useView } from '../../state/view-store.ts';
import { useEdit } from '../parts/use-edit.ts';
import { useWords } from '../use-words.ts';

export function Adapters() {
  const words = useWords();
  const w = words.adapters;
  const { adapters, phase } = usePick(useStudy, 'adapters', 'phase');
  const { adapter: onMap, set } = usePick(useView, 'adapter', 'set');
  const [losses, setLosses] = useState<Record<string, { base: number; adapted: number }>>({});
  const [judging, setJudging] = useState<string | null>(null);
  const edit = useEdit();
  const busy = Object.values(phase).includes('running') || judging !== null;

  async function judge(name: string) {
    setJudging(name);
    await attempt(async () => {
      const loss = await judgeAdapter(name);
      setLosses((l) => ({ ...l, [name]: loss }));
    });
    setJudging(null);
  }
  /**
   * Adds the imported adapter to the race's entries and opens the race. Play then trains from the
   * adapter's weights.
   */
  function trainOn() {
    edit('race.entries', (s) =>
      s.race.entries.includes('imported')
        ? s
        : { ...s, race: { ...s.race, entries: [...s.race.entries, 'imported'] } },
    );
    openStudy('race');
  }
  return (
    <div className="results adapters">
      <div className="label">
        <span>{w.title}</span>
      </div>
      <ul>
        {adapters.map(({ name, parameters, head }) => (
          <li key={name}>
            <div className="row">
              <span className="ellipsis">{w.name(name)}</span>
              <small className="ink3 nowrap">{w.parameters(parameters, head)}</small>
            </div>
            <div className="row start small">
              <button
                type="button"
                className="link"
                aria-pressed={onMap === name}
                onClick={() => set({ adapter: onMap === name ? null : name })}
              >
                {w.onMap}
              </button>
              <button
                type="button"
                className="link"
                disabled={busy}
                onClick={() => void judge(name)}
              >
                {judging === name ? w.judging : w.judge}
              </button>
              <button
                type="button"
                className="link"
                onClick={() =>
                  void attempt(async () => (await import('../export/peft-zip.ts')).savePeft(name))
                }
              >
                {w.save}
              </button>
              {name === 'imported' && (
                <button
                  type="button"
                  className="link"
                  title={w.trainOnNote}
                  disabled={busy}
                  onClick={trainOn}
                >
                  {w.trainOn}
                </button>
              )}
            </div>
            {losses[name] && (
              <small className="ink2 block" role="status">
                {w.loss(losses[name].base, losses[name].adapted)}
              </small>
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}
