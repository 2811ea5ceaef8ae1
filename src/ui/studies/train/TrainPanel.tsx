/**
 * Panel of a training run: the loss during training. For an adapter that works at every rank: the
 * loss by rank, and the values at a chosen rank without new training.
 */
import { useState } from 'react';
import { defined, elementAt } from '../../../checked.ts';
import type { TrainState } from '../../../studies/train/state.ts';
import { likelyMaxRank } from '../../../studies/train/max-rank.ts';
import { doingNow, isUniform, separateLosses, verdictOf } from '../../../studies/train/verdict.ts';
import { useExperiment } from '../../../state/experiment-store.ts';
import { useStudy } from '../../../state/study-store.ts';
import { numbersOf } from '../../../language/numbers.ts';
import { inLanguage } from '../../../language/in-language.ts';
import { trainWords } from '../../../studies/train/words.ts';
import { useWords } from '../../use-words.ts';
import { ChartFrame, useChartHeight } from '../../charts/ChartFrame.tsx';
import { ChosenRank } from './ChosenRank.tsx';
import { RankChart, RankLegend } from './RankChart.tsx';
import { RankSlider } from './RankSlider.tsx';
import { RankText } from './RankText.tsx';
import { TrainSettings } from './TrainSettings.tsx';
import { TrainingChart, TrainingLegend } from './TrainingChart.tsx';

export function Panel() {
  const state = useStudy((s) => s.states.train);
  const running = useStudy((s) => s.phase.train) !== 'idle';
  const curve = state !== null && state.curve.length > 0;
  return (
    <>
      {curve ? <Curve state={state} /> : <Training state={state} running={running} />}
      <TrainSettings />
    </>
  );
}

function Training({ state, running }: { state: TrainState | null; running: boolean }) {
  const words = useWords();
  const w = inLanguage(trainWords, words);
  const n = numbersOf(words.locale);
  const height = useChartHeight();
  const spec = useExperiment((e) => e.spec);
  const training = state?.trainings[0];
  const doing = state && running ? doingNow(state) : null;
  const last = training?.losses.at(-1);
  const maxRank = likelyMaxRank(spec.train);
  const dyLora = (state?.spec ?? spec).train.method.name === 'qdylora';
  const held = training?.evaluations ?? [];
  const trained = state?.result && !dyLora ? elementAt(held, -1).loss : null;
  return (
    <>
      <ChartFrame
        title={training ? w.trainingTitle : w.curveTitle}
        empty={last === undefined}
        height={height}
        unit={training ? w.trainingUnit : w.unit}
        finding={
          trained !== null
            ? w.trained(trained, elementAt(held, 0).loss)
            : last !== undefined
              ? w.training(last)
              : dyLora
                ? w.empty(maxRank)
                : w.emptyLora
        }
        note={
          trained !== null
            ? w.hint
            : doing
              ? doing.what === 'training' && !dyLora
                ? w.stepLora(doing.done, doing.of)
                : w.doing[doing.what](doing.done, doing.of)
              : last === undefined
                ? (dyLora ? w.emptyNote : w.emptyNoteLora)(spec.training.steps)
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
              maxRank={maxRank}
              verdict={null}
              chosen={null}
            />
          )
        }
      </ChartFrame>
      {training && <TrainingLegend dyLora={dyLora} />}
      <Memory state={state} />
    </>
  );
}

function Curve({ state }: { state: TrainState }) {
  const words = useWords();
  const w = inLanguage(trainWords, words);
  const n = numbersOf(words.locale);
  const height = useChartHeight();
  const [rank, setRank] = useState<number | null>(null);
  const verdict = verdictOf(state);
  const separate = separateLosses(state);
  const doing = doingNow(state);
  const wanted = Math.min(rank ?? verdict?.within.rank ?? state.maxRank, state.maxRank);
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
            maxRank={state.maxRank}
            verdict={verdict}
            chosen={chosen}
          />
        )}
      </ChartFrame>
      {chosen && <RankSlider maxRank={state.maxRank} chosen={chosen} onChoose={setRank} />}
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

/** Memory of the frozen weights, and the training time. */
function Memory({ state }: { state: TrainState | null }) {
  const words = useWords();
  const w = inLanguage(trainWords, words);
  const base = state?.base;
  const training = state?.trainings[0];
  if (!base) return null;
  return (
    <p className="small ink2 slider-notes">
      {w.memory(base.bytes, base.perWeight, state.spec.train.base === 'nf4')}
      {training &&
        state.curve.length > 0 &&
        training.losses.length === state.spec.training.steps &&
        ` ${w.time(words.seconds(training.time / 1000), state.maxRank)}`}
      {!isUniform(state.spec) && state.curve.length > 0 && ` ${w.mapRanks(state.maxRank)}`}
    </p>
  );
}
