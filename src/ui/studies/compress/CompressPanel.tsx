/**
 * Panel of Compress to Impress: the effect of each component, the accuracy of the prediction, the
 * trials, and the effect on each sample.
 */
import { useState } from 'react';
import { defined, elementAt } from '../../../checked.ts';
import { agreementOf, type CompressState } from '../../../studies/compress/state.ts';
import { shortName, verdictOf } from '../../../studies/compress/verdict.ts';
import type { TextRef } from '../../../spec/spec.ts';
import { compressedFile } from '../../../state/adapters.ts';
import { useStudy } from '../../../state/study-store.ts';
import { numbersOf } from '../../../language/numbers.ts';
import { inLanguage } from '../../../language/in-language.ts';
import { compressWords } from '../../../studies/compress/words.ts';
import { useWords } from '../../use-words.ts';
import { ChartFrame, useChartHeight } from '../../charts/ChartFrame.tsx';
import { ViewChoice } from '../../charts/ViewChoice.tsx';
import { SaveLinks } from '../../panel/SaveLinks.tsx';
import { UseAsBase } from '../../panel/UseAsBase.tsx';
import { CompressSettings } from './CompressSettings.tsx';
import { Samples } from './Samples.tsx';
import { Scatter } from './Scatter.tsx';
import { TaskTable } from './TaskTable.tsx';
import { Texts } from './Texts.tsx';
import { Trail } from './Trail.tsx';
import { componentsOf, Waterfall, WaterfallLegend } from './Waterfall.tsx';

const views = ['spectrum', 'scatter'] as const;
type View = (typeof views)[number];

export function Panel() {
  const state = useStudy((s) => s.states.compress);
  const [view, setView] = useState<View>('spectrum');
  // Undone steps belong to one result: a new result resets them.
  const [undone, setUndone] = useState<{ of: unknown; steps: number } | null>(null);
  const result = state?.result ?? null;
  const steps = result ? (undone?.of === result ? undone.steps : result.accepted.length) : 0;
  const w = inLanguage(compressWords, useWords());
  return (
    <>
      {view === 'spectrum' ? (
        <Components state={state} steps={steps} />
      ) : (
        <Prediction state={state} steps={steps} />
      )}
      <ViewChoice
        label={w.views.label}
        views={views.map((v) => [v, w.views[v]])}
        view={view}
        onChange={setView}
      />
      {state && state.trials.length > 0 && (
        <Trail state={state} steps={steps} onSteps={(to) => setUndone({ of: result, steps: to })} />
      )}
      {state && <Notes state={state} steps={steps} />}
      {result && <Samples result={result} steps={steps} />}
      {result?.text && <Texts text={result.text} steps={steps} />}
      {result && steps > 0 && (
        <SaveLinks
          key={steps}
          of="compressed"
          modelTitle={result.model.title}
          files={
            [
              ['factors.safetensors', w.factors],
              ['onnx/model.onnx', w.model],
            ] as const
          }
          write={(file, dataName) => compressedFile(result, steps, file, dataName)}
        />
      )}
      {result && steps > 0 && steps === result.accepted.length && (
        <UseAsBase base="compressed" ran={result.spec} />
      )}
      <TaskTable />
      <CompressSettings />
    </>
  );
}

/** The panel's finding and note. Until there is a result, each chart has its own finding. */
function useFinding(
  state: CompressState | null,
  steps: number,
  own: string | null,
  ownNote: string,
): { finding: string; note: string } {
  const words = useWords();
  const w = inLanguage(compressWords, words);
  const phase = useStudy((s) => s.phase.compress);
  if (!state) return { finding: w.empty, note: w.emptyNote };
  if (state.result) {
    const verdict = verdictOf(state.result, steps);
    return {
      finding: steps === 0 && state.result.accepted.length > 0 ? w.undone : w.finding(verdict),
      note: w.sure(verdict, state.result.test.samples),
    };
  }
  if (phase === 'idle') return { finding: own ?? w.running, note: w.interrupted };
  if (!state.progress) return { finding: own ?? w.running, note: ownNote };
  const { phase: of, done, of: all, left = 0 } = state.progress;
  return {
    finding: own ?? w.running,
    note: w.phase(of, done, all, left < 1000 ? null : words.seconds(left / 1000)),
  };
}

function Components({ state, steps }: { state: CompressState | null; steps: number }) {
  const words = useWords();
  const w = inLanguage(compressWords, words);
  const n = numbersOf(words.locale);
  const height = useChartHeight();
  const [chosen, setChosen] = useState<number | null>(null);
  const spectra = state?.spectra ?? [];
  const best = state?.trials.find((t) => t.accepted)?.module ?? state?.trials[0]?.module;
  const module = chosen ?? best ?? spectra[0]?.module;
  const spectrum = spectra.find((s) => s.module === module);
  const components = spectrum ? componentsOf(spectrum) : [];
  const name = spectrum ? shortName(spectrum.path) : '';
  const inForce = state?.result
    ? state.result.accepted.slice(0, steps).map((i) => elementAt(state.trials, i))
    : (state?.trials.filter((t) => t.accepted) ?? []);
  // With several row blocks, a cut has no single position on this axis, so the retained fraction is
  // shown.
  const cut = inForce.find((t) => t.module === module);
  const retained = cut ? Math.floor(cut.rho * components.length) : null;
  const min = Math.min(0, ...components.map((c) => c.tail));
  const own = !spectrum
    ? null
    : cut
      ? w.spectrumFinding(name, defined(retained), components.length)
      : min < 0
        ? w.spectrumWhole(name, -min)
        : w.spectrumNothing(name);
  const finding = useFinding(state, steps, own, '');
  return (
    <>
      <ChartFrame
        title={w.spectrumTitle}
        {...finding}
        empty={!spectrum}
        unit={w.spectrumUnit}
        height={height}
        data={{
          columns: [w.component, 'σ', '−σ·g', w.cumulative],
          rows: components.map((c, i) => [i + 1, c.sigma, c.change, c.tail]),
        }}
        print={(v, column) => (column === 0 ? n.whole(v) : n.significant(v))}
      >
        {(width) => (
          <Waterfall width={width} height={height} components={components} retained={retained} />
        )}
      </ChartFrame>
      <div className="row centre compress-pick">
        <WaterfallLegend />
        {spectra.length > 0 && (
          <label className="small">
            {w.module}{' '}
            <select
              className="select"
              value={module}
              onChange={(e) => setChosen(Number(e.target.value))}
            >
              {spectra.map((s) => (
                <option key={s.module} value={s.module}>
                  {shortName(s.path)}
                </option>
              ))}
            </select>
          </label>
        )}
      </div>
    </>
  );
}

function Prediction({ state, steps }: { state: CompressState | null; steps: number }) {
  const words = useWords();
  const w = inLanguage(compressWords, words);
  const n = numbersOf(words.locale);
  const height = useChartHeight();
  const checks = state?.checks ?? [];
  const trials = state?.trials ?? [];
  const own = w.scatterFinding(agreementOf(trials), agreementOf(checks)) || null;
  const finding = useFinding(state && { ...state, result: null }, steps, own, w.scatterNote);
  return (
    <ChartFrame
      title={w.scatterTitle}
      finding={finding.finding}
      note={state?.result ? w.scatterNote : finding.note}
      empty={checks.length + trials.length === 0}
      unit={w.scatterUnit}
      height={height}
      data={{
        columns: [w.columns.module, w.columns.blocks, w.predicted, w.measured],
        rows: [...checks, ...trials].map((p) => [
          shortName(p.path),
          p.blocks,
          p.predicted,
          p.measured,
        ]),
      }}
      print={(v, column) => (column === 1 ? n.whole(v) : n.fixed(v, 5))}
    >
      {(width) => <Scatter width={width} height={height} checks={checks} trials={trials} />}
    </ChartFrame>
  );
}

function Notes({ state, steps }: { state: CompressState; steps: number }) {
  const words = useWords();
  const w = inLanguage(compressWords, words);
  const n = numbersOf(words.locale);
  const { result } = state;
  const plainName = (text: TextRef) =>
    text.kind === 'bundled' ? (words.texts[text.id] ?? text.id) : w.settings.plainOwn;
  const seconds = (ms: number) =>
    ms < 120_000 ? `${n.whole(ms / 1000)} s` : `${n.whole(ms / 60_000)} min`;
  return (
    <div className="small ink2 race-notes">
      {!state.aboveChance && <p className="warn">{w.nearChance}</p>}
      {result && (
        <p>
          {w.plain(
            plainName(result.spec.compress.plain),
            elementAt(result.plain.losses, 0).length,
            result.plain.length,
            verdictOf(result, steps),
          )}
        </p>
      )}
      {result && (
        <p>{w.calibration(result.calibration.before, result.calibration.after, result.chance)}</p>
      )}
      {state.trials.length > 0 && (
        <p>{w.counts(state.trials.length, state.candidates, state.laserEvaluations)}</p>
      )}
      {result?.laser && (
        <p>
          {w.laser({
            best: shortName(result.laser.best.path),
            rho: result.laser.best.rho,
            test: result.laser.test,
            made: result.laser.made,
            of: result.laser.evaluations,
            seconds: seconds(result.laser.extrapolated),
          })}
        </p>
      )}
    </div>
  );
}
