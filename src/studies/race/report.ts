/** Prints a race in the terminal: progress, ranking and findings. */
import { defined, elementAt } from '../../checked.ts';
import { figure, range } from '../figures.ts';
import type { TextRef } from '../../spec/spec.ts';
import type { StudyOutput } from '../contract.ts';
import { columns } from '../map/export.ts';
import {
  OWN_TIME,
  parameterSpread,
  SAME_BUDGET,
  sweepVerdictOf,
  verdictOf,
  type RankingRow,
} from './ranking.ts';
import type { RaceEvent, RaceResult, RaceState } from './state.ts';
import { raceEn } from './words.en.ts';

export { raceEvidence as evidence } from './digest.ts';

export function output(
  {
    spec: {
      race: { entries, meanRanks, seeds },
    },
    lanes,
  }: RaceState,
  event: RaceEvent,
): StudyOutput {
  if (event.type === 'measuring')
    return { doing: raceEn.progress.measuring(event.entry, event.done, event.of) };
  if (event.type !== 'step') return null;
  const doing = raceEn.progress.training(
    lanes.filter((l) => l.finished).length,
    entries.length * meanRanks.length * seeds,
    event.step,
    event.of,
  );
  return { doing: `${raceEn.names[elementAt(lanes, event.lane).entry]}: ${doing}` };
}

export const text = ({ result }: RaceState): string => raceText(defined(result));

/** The ranking at every mean rank, each with its finding. */
export function raceText(result: RaceResult): string {
  const { spec, base, measured, standings } = result;
  const {
    training,
    race: { meanRanks, equal, seeds },
  } = spec;
  return [
    `${training.steps} steps of ${training.batch} x ${training.length} tokens, learning rate ${training.learningRate}, ${seeds} seed${seeds > 1 ? 's' : ''}, equal ${equal}. Loss without an adapter: ${base.toFixed(4)} nats per token.`,
    `Trained on ${textName(training.train)}, evaluated on ${textName(training.held)}; the map's methods are measured on ${textName(spec.text)}.`,
    ...meanRanks.flatMap((r) => [
      '',
      `Mean rank ${r}`,
      ...columns(raceRows(standings.filter((s) => s.meanRank === r))),
      raceSentence(result, r),
    ]),
    ...(meanRanks.length > 1 ? ['', sweepSentence(result)] : []),
    '',
    `Measuring time: ${measuredIn(measured)}.`,
  ].join('\n');
}

const textName = (text: TextRef): string =>
  text.kind === 'bundled' ? text.id : text.kind === 'own' ? 'your own text' : 'token ids';

/** Measuring time of each allocation, without those that took no time of their own. */
export const measuredIn = (measured: RaceResult['measured']): string =>
  measured
    .flatMap(({ entry, milliseconds }) =>
      (milliseconds ?? 0) < OWN_TIME
        ? []
        : [`${raceEn.names[entry]} ${seconds(defined(milliseconds))}`],
    )
    .join(', ') || 'none';

/** The finding at one mean rank. It names a winner only if the intervals exclude zero. */
export function raceSentence(result: RaceResult, meanRank: number): string {
  const {
    race: { seeds, entries },
  } = result.spec;
  const verdict = verdictOf(result, meanRank);
  const share = parameterSpread(result.standings, meanRank);
  const finding =
    verdict.kind === 'none' && !entries.includes('uniform')
      ? raceEn.noneWithoutUniform
      : raceEn.finding(verdict);
  return [
    finding,
    raceEn.sure(verdict, seeds),
    raceEn.oneRate,
    ...(share > SAME_BUDGET ? [raceEn.apart(share)] : []),
  ].join(' ');
}

/** The answer of a race over several budgets, with what it rests on. */
export function sweepSentence(result: RaceResult): string {
  const verdict = sweepVerdictOf(result);
  return [raceEn.sweepFinding(verdict), raceEn.sweepSure(verdict, result.spec.race.seeds)].join(
    ' ',
  );
}

/** The ranking as text cells, header first. */
export const raceRows = (ranking: readonly RankingRow[]): string[][] => [
  ['entry', 'ranks', 'parameters', 'kB', 'loss', '95 %', 'minus uniform', '95 %', 'training'],
  ...ranking.map((s) => [
    raceEn.names[s.entry],
    s.ranks.toFixed(0),
    s.parameters.toFixed(0),
    (s.bytes / 1e3).toFixed(0),
    figure(s.loss),
    range(s.interval),
    s.entry === 'uniform' ? '' : figure(s.difference, true),
    range(s.differenceInterval, true),
    seconds(s.milliseconds) + (s.stopped > 0 ? `, stopped ${s.stopped}x` : ''),
  ]),
];

const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;
