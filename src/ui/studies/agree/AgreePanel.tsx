/**
 * Panel that compares methods: a small map for each, the correlation of their orders, and their
 * times.
 */
import { elementAt } from '../../../checked.ts';
import { AGREE_METHODS, type AgreeMethod } from '../../../studies/agree/settings.ts';
import { agreeVerdict, correlations, type AgreeState } from '../../../studies/agree/state.ts';
import { byMethod } from '../../../spec/method.ts';
import type { MethodName } from '../../../spec/spec.ts';
import { useLayout, useModules } from '../../../state/derived.ts';
import { useExperiment } from '../../../state/experiment-store.ts';
import { useMap } from '../../../state/map-store.ts';
import { timeOf } from '../../../state/pace.ts';
import { isEmbed } from '../../../state/storage.ts';
import { useStudy } from '../../../state/study-store.ts';
import { scaleEnd } from '../../colour.ts';
import { closeAgreement } from '../../frame/use-keys.ts';
import { SettingsFold } from '../../parts/SettingsFold.tsx';
import { useEdit } from '../../parts/use-edit.ts';
import { numbersOf } from '../../../language/numbers.ts';
import { inLanguage } from '../../../language/in-language.ts';
import { agreeWords } from '../../../studies/agree/words.ts';
import { raceWords } from '../../../studies/race/words.ts';
import { useWords } from '../../use-words.ts';
import { ChartFrame } from '../../charts/ChartFrame.tsx';
import { MethodMaps, mapsHeight, type MethodMap } from './MethodMaps.tsx';
import { Matrix, MATRIX_ROW } from './Matrix.tsx';

/** Seconds that a method took. For the map's methods, the time of the map run; null if unknown. */
const secondsOf = (
  state: AgreeState,
  method: AgreeMethod,
  milliseconds: number | null,
): number | null =>
  milliseconds === null ? timeOf(byMethod(state.spec, method as MethodName)) : milliseconds / 1000;

/** Importances divided by their mean, a common unit for all methods. */
function multiples(importances: readonly number[]): number[] {
  const mean = importances.reduce((a, b) => a + b, 0) / importances.length;
  return importances.map((v) => (mean > 0 ? v / mean : 0));
}

export function Panel() {
  const words = useWords();
  const w = inLanguage(agreeWords, words);
  const { names } = inLanguage(raceWords, words);
  const n = numbersOf(words.locale);
  const state = useStudy((s) => s.states.agree);
  const asked = useExperiment((e) => e.spec.agree.methods);
  const { modules, layers } = useModules();
  const layout = useLayout();
  const finding = useFinding(state);
  const methods = state?.spec.agree.methods ?? asked;
  const measured = state?.measured ?? [];
  const empty = measured.length === 0;
  const maps = methods.map((method): MethodMap => {
    const found = measured.find((m) => m.method === method);
    const time = state && found ? secondsOf(state, method, found.milliseconds) : null;
    return {
      method,
      name: names[method],
      time: time === null ? '' : words.seconds(time),
      values: found ? multiples(found.importances) : null,
      now: state?.measuring?.method === method,
    };
  });
  const end = scaleEnd(useMap((m) => m.largest));
  const above = maps.some((m) => m.values?.some((v) => v > end));
  const rho = correlations(measured);
  const found = measured.map((m) => names[m.method]);
  const print = (v: number | null) => (v === null ? '–' : w.rho(v));
  return (
    <>
      <ChartFrame
        title={w.title}
        {...finding}
        empty={empty}
        unit={w.unit(end, above)}
        height={mapsHeight(methods.length, layers)}
        close={
          !isEmbed && (
            <button type="button" className="link" title="Esc" onClick={closeAgreement}>
              {words.close}
            </button>
          )
        }
        data={{
          columns: [w.columns.module, w.columns.layer, w.columns.role, ...found],
          rows: state
            ? state.modules.map((m, i) => [
                m.path,
                m.layer,
                m.role,
                ...measured.map((x) => x.importances[i]!),
              ])
            : [],
        }}
        print={(v, column) => (column === 1 ? n.whole(v) : n.significant(v))}
      >
        {(width) => (
          <MethodMaps width={width} layout={layout} modules={modules} maps={maps} end={end} />
        )}
      </ChartFrame>
      <div className="rule-top" />
      <ChartFrame
        title={w.matrix}
        finding={null}
        empty={empty}
        unit={w.matrixUnit(modules.length)}
        height={methods.length * MATRIX_ROW}
        data={{
          columns: [w.columns.method, ...found, w.columns.time],
          rows: measured.map((m, i) => [
            names[m.method],
            ...elementAt(rho, i),
            state && secondsOf(state, m.method, m.milliseconds),
          ]),
        }}
        print={(v, column) => (column > found.length ? n.fixed(v, 1) : w.rho(v))}
      >
        {(width) => (
          <Matrix width={width} names={methods.map((m) => names[m])} rho={rho} print={print} />
        )}
      </ChartFrame>
      <p className="small ink2 slider-notes">{w.times}</p>
      <Settings chosen={asked} />
    </>
  );
}

/** The finding and the note below it. */
function useFinding(state: AgreeState | null): { finding: string; note: string } {
  const words = useWords();
  const w = inLanguage(agreeWords, words);
  const { names } = inLanguage(raceWords, words);
  const phase = useStudy((s) => s.phase.agree);
  const asked = useExperiment((e) => e.spec.agree.methods);
  if (!state) return { finding: w.empty, note: w.emptyNote(asked.length) };
  const { measuring } = state;
  const verdict = agreeVerdict(state);
  if (state.result)
    return verdict
      ? { finding: w.finding(verdict), note: w.sure(verdict) }
      : { finding: w.noOrder, note: '' };
  return {
    finding: w.running,
    note:
      phase === 'idle'
        ? w.interrupted
        : measuring
          ? w.doing(names[measuring.method], measuring.done, measuring.of)
          : '',
  };
}

/** Choice of methods, in the order of the list. At least two remain selected. */
function Settings({ chosen }: { chosen: readonly AgreeMethod[] }) {
  const words = useWords();
  const w = inLanguage(agreeWords, words);
  const race = inLanguage(raceWords, words);
  const edit = useEdit();
  const change = (method: AgreeMethod, on: boolean) =>
    edit('agree.methods', (s) => ({
      ...s,
      agree: {
        methods: AGREE_METHODS.filter((m) => (m === method ? on : s.agree.methods.includes(m))),
      },
    }));
  return (
    <SettingsFold title={w.settings}>
      <fieldset className="entries">
        <legend className="small ink2">{w.methods}</legend>
        {AGREE_METHODS.map((m) => (
          <label key={m} className="choice" title={race.about[m]}>
            <input
              type="checkbox"
              checked={chosen.includes(m)}
              disabled={chosen.length === 2 && chosen.includes(m)}
              onChange={(e) => change(m, e.target.checked)}
            />
            <span>{race.names[m]}</span>
          </label>
        ))}
      </fieldset>
    </SettingsFold>
  );
}
