/**
 * The rank slider: the loss while it trains, then by rank, and what any one rank is worth without
 * training again.
 */
import { useState } from 'react';
import { defined, elementAt } from '../../../checked.ts';
import type { SliderState } from '../../../studies/slider/state.ts';
import { doingNow, separateLosses, verdictOf } from '../../../studies/slider/verdict.ts';
import { useExperiment } from '../../../state/experiment-store.ts';
import { useStudy } from '../../../state/study-store.ts';
import { numbersOf } from '../../../language/numbers.ts';
import { inLanguage } from '../../../language/in-language.ts';
import { sliderWords } from '../../../studies/slider/words.ts';
import { useWords } from '../../use-words.ts';
import { ChartFrame, useChartHeight } from '../../plate/ChartFrame.tsx';
import { ChosenRank } from './ChosenRank.tsx';
import { RankChart, RankLegend } from './RankChart.tsx';
import { RankSlider } from './RankSlider.tsx';
import { RankText } from './RankText.tsx';
import { SliderSettings } from './SliderSettings.tsx';
import { TrainingChart, TrainingLegend } from './TrainingChart.tsx';

export function Plate() {
  const state = useStudy((s) => s.states.slider);
  const running = useStudy((s) => s.phase.slider) !== 'idle';
  const curve = state !== null && state.curve.length > 0;
  return (
    <>
      {curve ? <Curve state={state} /> : <Training state={state} running={running} />}
      <SliderSettings />
    </>
  );
}

function Training({ state, running }: { state: SliderState | null; running: boolean }) {
  const words = useWords();
  const w = inLanguage(sliderWords, words);
  const n = numbersOf(words.locale);
  const height = useChartHeight();
  const spec = useExperiment((e) => e.spec);
  const training = state?.trainings[0];
  const doing = state && running ? doingNow(state) : null;
  const last = training?.losses.at(-1);
  return (
    <>
      <ChartFrame
        title={training ? w.trainingTitle : w.curveTitle}
        empty={last === undefined}
        height={height}
        unit={training ? w.trainingUnit : w.unit}
        finding={last === undefined ? w.empty(spec.slider.rank) : w.training(last)}
        note={
          doing
            ? w.doing[doing.what](doing.done, doing.of)
            : last === undefined
              ? w.emptyNote(spec.training.steps)
              : ''
        }
        data={{
          columns: [w.columns.step, w.columns.batch, w.columns.held],
          rows:
            training?.losses.map((loss, i) => [
              i + 1,
              loss,
              training.evaluations.find((e) => e.step === i + 1)?.loss ?? null,
            ]) ?? [],
        }}
        print={(v, column) => (column === 0 ? n.whole(v) : n.fixed(v, 3))}
      >
        {(width) =>
          training ? (
            <TrainingChart
              width={width}
              height={height}
              training={training}
              steps={defined(state).spec.training.steps}
            />
          ) : (
            <RankChart
              width={width}
              height={height}
              curve={[]}
              separate={[]}
              most={spec.slider.rank}
              verdict={null}
              chosen={null}
            />
          )
        }
      </ChartFrame>
      {training && <TrainingLegend />}
      <Memory state={state} />
    </>
  );
}

function Curve({ state }: { state: SliderState }) {
  const words = useWords();
  const w = inLanguage(sliderWords, words);
  const n = numbersOf(words.locale);
  const height = useChartHeight();
  const [rank, setRank] = useState<number | null>(null);
  const verdict = verdictOf(state);
  const separate = separateLosses(state);
  const doing = doingNow(state);
  const wanted = Math.min(rank ?? verdict?.within.rank ?? state.most, state.most);
  const chosen = verdict ? elementAt(state.curve, wanted - 1) : null;
  const best = verdict?.best.loss;
  const alone = new Map(separate.map((p) => [p.rank, p.loss]));
  return (
    <>
      <ChartFrame
        title={w.curveTitle}
        empty={!verdict}
        unit={w.unit}
        height={height}
        finding={
          !verdict
            ? w.judging
            : verdict.best.loss < verdict.base
              ? w.finding(verdict.within.rank, verdict.best.rank)
              : w.worse
        }
        note={
          doing
            ? w.doing[doing.what](doing.done, doing.of)
            : verdict
              ? w.note(verdict.base, verdict.knee)
              : ''
        }
        data={{
          columns: [w.columns.rank, w.columns.loss, `${w.columns.above} %`, w.columns.alone],
          rows: state.curve.map((p) => [
            p.rank,
            p.loss,
            best === undefined ? null : 100 * (p.loss / best - 1),
            alone.get(p.rank) ?? null,
          ]),
        }}
        print={(v, column) => (column === 0 ? n.whole(v) : n.fixed(v, column === 2 ? 2 : 4))}
      >
        {(width) => (
          <RankChart
            width={width}
            height={height}
            curve={state.curve}
            separate={separate}
            most={state.most}
            verdict={verdict}
            chosen={chosen}
          />
        )}
      </ChartFrame>
      {chosen && <RankSlider most={state.most} chosen={chosen} onChoose={setRank} />}
      <RankLegend verdict={verdict} alone={separate.length > 0} />
      {chosen && verdict && (
        <ChosenRank
          state={state}
          chosen={chosen}
          best={verdict.best.loss}
          alone={alone.get(chosen.rank) ?? null}
        />
      )}
      {chosen && <RankText rank={chosen.rank} />}
      <Memory state={state} />
    </>
  );
}

/** What the frozen weights take, and what the training took. */
function Memory({ state }: { state: SliderState | null }) {
  const words = useWords();
  const w = inLanguage(sliderWords, words);
  const base = state?.base;
  const training = state?.trainings[0];
  if (!base) return null;
  return (
    <p className="small ink2 slider-notes">
      {w.memory(base.bytes, base.perWeight, state.spec.slider.base === 'nf4')}
      {training &&
        training.losses.length === state.spec.training.steps &&
        ` ${w.time(words.seconds(training.time / 1000), state.most)}`}
      {state.spec.slider.ranks === 'map' && ` ${w.mapRanks(state.most)}`}
    </p>
  );
}
