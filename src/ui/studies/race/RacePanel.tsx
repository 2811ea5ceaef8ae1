/**
 * Panel of the race: the loss curves, the budget and final loss of every entry, and the finding.
 */
import { useState } from 'react';
import { defined, elementAt } from '../../../checked.ts';
import {
  parameterSpread,
  SAME_BUDGET,
  SEEDS_FOR_INTERVALS,
  rankingOf,
  verdictOf,
} from '../../../studies/race/ranking.ts';
import type { RaceState } from '../../../studies/race/state.ts';
import { useExperiment } from '../../../state/experiment-store.ts';
import { useStudy } from '../../../state/study-store.ts';
import { useEdit } from '../../parts/use-edit.ts';
import { numbersOf } from '../../../language/numbers.ts';
import { inLanguage } from '../../../language/in-language.ts';
import { raceWords } from '../../../studies/race/words.ts';
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
      {state && <Below state={state} meanRank={single} />}
      <RaceSettings />
    </>
  );
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
  const { race, training } = state?.spec ?? asked;
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
      title={race.meanRanks.length > 1 ? w.titleAt(meanRank) : w.title}
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
  const { race } = state?.spec ?? asked;
  const ranking = state ? rankingOf(state) : [];
  const empty = ranking.every((s) => s.loss === null);
  const through = state?.result != null;
  const finding = !through
    ? state
      ? w.running
      : w.empty
    : race.seeds < SEEDS_FOR_INTERVALS
      ? w.sweepFew(...spread(ranking, race.meanRanks))
      : w.sweepFinding(
          ...winners(race.meanRanks, (r) => verdictOf(defined(state), r).kind === 'winner'),
        );
  return (
    <ChartFrame
      title={w.sweepTitle}
      empty={empty}
      unit={w.unit}
      height={height}
      finding={finding}
      note={
        doing ??
        (through
          ? `${w.sure(race.seeds < SEEDS_FOR_INTERVALS ? FEW : { kind: 'none' }, race.seeds)} ${w.oneRate}`
          : w.emptyNote(
              race.entries.length,
              race.entries.length * race.meanRanks.length * race.seeds,
            ))
      }
      data={{
        columns: [w.rankAxis, ...race.entries.map((e) => w.names[e])],
        rows: race.meanRanks.map((r) => [
          r,
          ...race.entries.map(
            (e) => ranking.find((s) => s.entry === e && s.meanRank === r)?.loss ?? null,
          ),
        ]),
      }}
      print={(v, column) => (column === 0 ? n.short(v) : n.fixed(v, 4))}
    >
      {(width) => (
        <SweepChart
          width={width}
          height={height}
          ranking={ranking}
          entries={race.entries}
          meanRanks={race.meanRanks}
        />
      )}
    </ChartFrame>
  );
}

/** Selects the text for too few seeds, whichever entry is lowest. */
const FEW = { kind: 'few', lowest: 'uniform', next: 'uniform', margin: 0 } as const;

const winners = (
  meanRanks: readonly number[],
  wins: (r: number) => boolean,
): [number[], number[]] => [meanRanks.filter(wins), meanRanks.filter((r) => !wins(r))];

/**
 * The range of losses between entries: the largest and its mean rank, then the smallest and its
 * mean rank.
 */
function spread(
  ranking: readonly { meanRank: number; loss: number | null }[],
  meanRanks: readonly number[],
): [number, number, number, number] {
  const widths = meanRanks
    .map((r) => {
      const losses = ranking.flatMap((s) => (s.meanRank === r && s.loss !== null ? [s.loss] : []));
      return { r, width: Math.max(...losses) - Math.min(...losses) };
    })
    .sort((a, b) => b.width - a.width);
  const max = elementAt(widths, 0);
  const min = elementAt(widths, -1);
  return [max.width, max.r, min.width, min.r];
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
      <RaceNotes state={state} ranking={ranking} single={meanRank !== null && ranking.length > 0} />
    </>
  );
}
