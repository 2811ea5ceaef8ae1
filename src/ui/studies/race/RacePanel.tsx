/**
 * Panel of the race: the loss curves, the budget and final loss of every entry, and the finding.
 */
import { useState } from 'react';
import { budgetOf, twoRules } from '../../../studies/race/map-spend.ts';
import {
  parameterSpread,
  rankingOf,
  referenceOf,
  SAME_BUDGET,
  SEEDS_FOR_INTERVALS,
  sweepPoints,
  sweepVerdictOf,
  verdictOf,
} from '../../../studies/race/ranking.ts';
import type { RaceState } from '../../../studies/race/state.ts';
import type { ExperimentSpec } from '../../../studies/spec.ts';
import { useExperiment } from '../../../state/experiment-store.ts';
import { useModules } from '../../../state/derived.ts';
import { play } from '../../../state/runs.ts';
import { useStudy } from '../../../state/study-store.ts';
import { useEdit } from '../../parts/use-edit.ts';
import { numbersOf } from '../../../language/numbers.ts';
import { inLanguage } from '../../../language/in-language.ts';
import { raceWords } from '../../../studies/race/words.ts';
import { describeText } from '../../../words/describe.ts';
import { useWords } from '../../use-words.ts';
import { ChartFrame, useChartHeight } from '../../charts/ChartFrame.tsx';
import { ViewChoice } from '../../charts/ViewChoice.tsx';
import { curvesOf } from './curves.ts';
import { RaceChart } from './RaceChart.tsx';
import { RaceSettings } from './RaceSettings.tsx';
import { RaceNotes, RankingTable, SweepTable } from './RankingTable.tsx';
import { SweepChart } from './SweepChart.tsx';

export function Panel() {
  const state = useStudy((s) => s.states.race);
  const asked = useExperiment((e) => e.spec.race);
  const meanRanks = state ? state.spec.race.meanRanks : asked.meanRanks;
  // The budget of the sweep in view; null: all budgets.
  const [chosen, setChosen] = useState<number | null>(null);
  const single =
    meanRanks.length === 1 ? meanRanks[0]! : meanRanks.includes(chosen ?? NaN) ? chosen : null;
  return (
    <>
      {single === null ? <Sweep state={state} /> : <OneBudget state={state} meanRank={single} />}
      {meanRanks.length > 1 && (
        <Budgets meanRanks={meanRanks} chosen={single} onChoose={setChosen} />
      )}
      {state?.result && state.spec.race.seeds < SEEDS_FOR_INTERVALS && <RunThree />}
      {state && <Below state={state} meanRank={single} />}
      <RaceSettings />
    </>
  );
}

/** The button that repeats the race with as many seeds as an interval needs. */
function RunThree() {
  const w = inLanguage(raceWords, useWords());
  const edit = useEdit();
  const seeds = SEEDS_FOR_INTERVALS;
  const run = () => {
    edit('race.seeds', (s) => ({ ...s, race: { ...s.race, seeds } }));
    play('race');
  };
  return (
    <p>
      <button type="button" className="button line small" onClick={run}>
        {w.run3}
      </button>
    </p>
  );
}

/** The budget and the texts, below the title. `meanRank` null: all budgets. */
function useCovers({ race, training }: ExperimentSpec, meanRank: number | null): string {
  const words = useWords();
  const { modules } = useModules();
  return inLanguage(raceWords, words).covers({
    budget: meanRank === null ? null : budgetOf(race, modules, meanRank),
    equal: race.equal,
    meanRanks: race.meanRanks,
    train: describeText(words, training.train),
    held: describeText(words, training.held),
  });
}

/** Description of the current work; null if none. */
function useDoing(state: RaceState | null): string | null {
  const w = inLanguage(raceWords, useWords());
  const phase = useStudy((s) => s.phase.race);
  if (!state || state.result) return null;
  if (phase === 'idle') return w.interrupted;
  if (state.measuring)
    return w.progress.measuring(state.measuring.entry, state.measuring.done, state.measuring.of);
  const { race, training } = state.spec;
  const open = state.lanes.filter((l) => !l.finished);
  if (open.length === 0) return w.running;
  return w.progress.training(
    state.lanes.length - open.length,
    race.entries.length * race.meanRanks.length * race.seeds,
    Math.min(...open.map((l) => l.step)),
    training.steps,
  );
}

function OneBudget({ state, meanRank }: { state: RaceState | null; meanRank: number }) {
  const words = useWords();
  const w = inLanguage(raceWords, words);
  const n = numbersOf(words.locale);
  const height = useChartHeight();
  const doing = useDoing(state);
  const asked = useExperiment((e) => e.spec);
  const spec = state?.spec ?? asked;
  const { race, training } = spec;
  const covers = useCovers(spec, meanRank);
  const curves = state ? curvesOf(state.lanes, race.entries, meanRank) : [];
  const empty = !curves.some((c) => c.mean.length > 1);
  const verdict = state ? verdictOf(state, meanRank) : null;
  const finding =
    verdict &&
    (verdict.kind === 'none' && !race.entries.includes('uniform')
      ? w.noneWithoutUniform
      : w.finding(verdict));
  const lines = curves.flatMap((c) => [
    { name: w.names[c.entry], points: c.mean },
    ...(c.seeds.length > 1
      ? c.seeds.map((s) => ({
          name: `${w.names[c.entry]}, ${w.seedColumn} ${s.seed}`,
          points: s.points,
        }))
      : []),
  ]);
  const steps = [...new Set(lines.flatMap((l) => l.points.map((p) => p.step)))].sort(
    (a, b) => a - b,
  );
  return (
    <ChartFrame
      title={w.titleAt(meanRank)}
      covers={covers}
      empty={empty}
      unit={w.unit}
      height={height}
      finding={finding ?? (state ? w.running : w.empty)}
      note={
        doing ??
        (finding
          ? `${w.sure(verdict, race.seeds)} ${w.oneRate}`
          : w.emptyNote(
              race.entries.length,
              race.entries.length * race.meanRanks.length * race.seeds,
            ))
      }
      data={{
        columns: [w.stepAxis, ...lines.map((l) => l.name)],
        rows: steps.map((step) => [
          step,
          ...lines.map((l) => l.points.find((p) => p.step === step)?.loss ?? null),
        ]),
      }}
      print={(v, column) => (column === 0 ? n.whole(v) : n.fixed(v, 4))}
    >
      {(width) => (
        <RaceChart
          width={width}
          height={height}
          curves={curves}
          steps={training.steps}
          names={race.entries.map((e) => w.names[e])}
        />
      )}
    </ChartFrame>
  );
}

function Sweep({ state }: { state: RaceState | null }) {
  const words = useWords();
  const w = inLanguage(raceWords, words);
  const n = numbersOf(words.locale);
  const height = useChartHeight();
  const doing = useDoing(state);
  const asked = useExperiment((e) => e.spec);
  const spec = state?.spec ?? asked;
  const { race } = spec;
  const covers = useCovers(spec, null);
  const ranking = state ? rankingOf(state) : [];
  const points = state ? sweepPoints(state) : [];
  const verdict = state ? sweepVerdictOf(state) : null;
  const finding = verdict && w.sweepFinding(verdict);
  const reference = referenceOf(race);
  return (
    <ChartFrame
      title={w.sweepTitle}
      covers={covers}
      empty={points.length === 0}
      unit={w.minusUnit(reference)}
      height={height}
      finding={finding ?? (state ? w.running : w.empty)}
      note={
        doing ??
        (verdict && finding
          ? `${w.sweepSure(verdict, race.seeds)} ${w.oneRate}`
          : w.emptyNote(
              race.entries.length,
              race.entries.length * race.meanRanks.length * race.seeds,
            ))
      }
      data={{
        columns: [
          w.rankAxis,
          w.columns.entry,
          w.sweepColumns.loss,
          w.minusUnit(reference),
          w.sweepColumns.low,
          w.sweepColumns.high,
        ],
        rows: ranking.map(({ entry, meanRank, loss }) => {
          const point = points.find((p) => p.entry === entry && p.meanRank === meanRank);
          return [
            meanRank,
            w.names[entry],
            loss,
            point?.difference ?? null,
            point?.interval?.low ?? null,
            point?.interval?.high ?? null,
          ];
        }),
      }}
      print={(v, column) => (column === 0 ? n.short(v) : n.fixed(v, 4))}
    >
      {(width) => (
        <SweepChart
          width={width}
          height={height}
          points={points}
          entries={race.entries}
          reference={reference}
          meanRanks={race.meanRanks}
        />
      )}
    </ChartFrame>
  );
}

function Budgets({
  meanRanks,
  chosen,
  onChoose,
}: {
  meanRanks: readonly number[];
  chosen: number | null;
  onChoose(rank: number | null): void;
}) {
  const words = useWords();
  const w = inLanguage(raceWords, words);
  const n = numbersOf(words.locale);
  return (
    <ViewChoice
      label={w.rankAxis}
      views={[[null, w.allBudgets], ...meanRanks.map((r) => [r, n.short(r)] as const)]}
      view={chosen}
      onChange={onChoose}
    />
  );
}

function Below({ state, meanRank }: { state: RaceState; meanRank: number | null }) {
  const w = inLanguage(raceWords, useWords());
  const edit = useEdit();
  const all = rankingOf(state);
  const { equal } = state.spec.race;
  const ranking = meanRank === null ? all : all.filter((s) => s.meanRank === meanRank);
  const share = Math.max(
    0,
    ...state.spec.race.meanRanks
      .filter((r) => meanRank === null || r === meanRank)
      .map((r) => parameterSpread(all, r)),
  );
  return (
    <>
      {meanRank === null ? (
        <SweepTable state={state} ranking={all} />
      ) : (
        ranking.length > 0 && <RankingTable ranking={ranking} />
      )}
      {share > SAME_BUDGET && (
        <p className="small warn race-apart">
          {w.apart(share)}
          {equal === 'ranks' && (
            <>
              {' '}
              <button
                type="button"
                className="link"
                onClick={() =>
                  edit('race.equal', (s) => ({ ...s, race: { ...s.race, equal: 'parameters' } }))
                }
              >
                {w.match}
              </button>
            </>
          )}
        </p>
      )}
      <Rules state={state} meanRank={meanRank} />
      <RaceNotes state={state} ranking={ranking} single={meanRank !== null && ranking.length > 0} />
    </>
  );
}

/** How the race's budget and texts differ from those of the map next to it. */
function Rules({ state, meanRank }: { state: RaceState; meanRank: number | null }) {
  const words = useWords();
  const w = inLanguage(raceWords, words);
  const { modules: shapes } = useModules();
  const rule = useExperiment((e) => e.spec.allocation);
  const rules = meanRank === null ? null : twoRules(state, { shapes, rule, meanRank });
  const usesMap = state.measured.some((m) => m.entry === state.spec.method.name);
  return (
    <p className="small ink2">
      {[
        ...(rules ? [w.twoRules(rules)] : []),
        ...(usesMap ? [w.mapSettings(rule.meanRank, describeText(words, state.spec.text))] : []),
      ].join(' ')}
    </p>
  );
}
