/**
 * A race on the command line: progress on stderr, the standings and what they allow to say on
 * stdout, the result with `--out`.
 */
import { defined, elementAt } from '../src/checked.ts';
import type { CheckpointDoor } from '../src/studies/checkpoint.ts';
import { runRace, type RaceCheckpoint } from '../src/studies/race/run.ts';
import {
  OWN_TIME,
  parametersApart,
  SAME_BUDGET,
  verdictOf,
  type Standing,
} from '../src/studies/race/standings.ts';
import {
  reduceRace,
  type RaceEvent,
  type RaceResult,
  type RaceState,
} from '../src/studies/race/state.ts';
import type { ExperimentSpec } from '../src/experiment/spec.ts';
import type { StudyContext } from '../src/studies/contract.ts';
import { raceEn } from '../src/studies/race/words.en.ts';
import { columns } from '../src/studies/map/export.ts';
import type { Keeper } from './checkpoints.ts';
import { figure, range } from './figures.ts';
import type { Options } from './options.ts';
import { writeBytes } from './output.ts';
import { clearLine, line } from './progress.ts';
import { steps } from './stopping.ts';
import { openStudy, type StudyCommand } from './study.ts';

export const race: StudyCommand = async (spec, options) => {
  const result = await raced(spec, options);
  if (options.out !== undefined)
    await writeBytes(options.out, `${JSON.stringify(result, null, 1)}\n`);
  console.log(raceText(result));
  return 0;
};

/** A race from start to end, or on from its checkpoint, with its progress on stderr. */
export async function raced(spec: ExperimentSpec, options: Options): Promise<RaceResult> {
  const study = await openStudy(spec, options);
  try {
    return await racedIn(study.context, await study.keeper('race'));
  } finally {
    await study.dispose();
  }
}

/**
 * The same in a study that is open. `between` is called whenever all lanes that have begun are
 * through: the state is then all there is to keep, and a later call goes on `from` it where there
 * is no checkpoint.
 */
export async function racedIn(
  context: StudyContext,
  keeper: Keeper<RaceCheckpoint>,
  from: RaceState | null = null,
  between?: (state: RaceState) => Promise<void>,
): Promise<RaceResult> {
  const checkpoint: CheckpointDoor = {
    from:
      keeper.from ??
      (from && ({ state: from, adapters: [], kept: [] } satisfies RaceCheckpoint)) ??
      undefined,
    offer: (take) => keeper.offer(take),
  };
  let state: RaceState | null = null;
  try {
    for await (const event of steps(runRace({ ...context, checkpoint }), keeper)) {
      state = reduceRace(state, event);
      progress(event, state);
      if (event.type === 'finished' && state.lanes.every((l) => l.finished)) await between?.(state);
    }
  } finally {
    clearLine();
  }
  return defined(defined(state).result);
}

/** One line of what a race is doing. */
function progress(
  event: RaceEvent,
  {
    spec: {
      race: { entries, meanRanks, seeds },
    },
    lanes,
  }: RaceState,
): void {
  if (event.type === 'measuring')
    line(raceEn.progress.measuring(event.entry, event.done, event.of));
  else if (event.type === 'step')
    line(
      `${raceEn.names[elementAt(lanes, event.lane).entry]}: ${raceEn.progress.training(lanes.filter((l) => l.finished).length, entries.length * meanRanks.length * seeds, event.step, event.of)}`,
    );
}

/** The standings of every mean rank, each with what may be said of it. */
export function raceText(result: RaceResult): string {
  const { spec, base, measured, standings } = result;
  const {
    training,
    race: { meanRanks, equal, seeds },
  } = spec;
  return [
    `${training.steps} steps of ${training.batch} x ${training.length} tokens, learning rate ${training.learningRate}, ${seeds} seed${seeds > 1 ? 's' : ''}, equal ${equal}. Loss without an adapter: ${base.toFixed(4)} nats per token.`,
    ...meanRanks.flatMap((r) => [
      '',
      `Mean rank ${r}`,
      ...columns(raceRows(standings.filter((s) => s.meanRank === r))),
      raceSentence(result, r),
    ]),
    '',
    `Measured in: ${measuredIn(measured)}.`,
  ].join('\n');
}

/** What allocations took to measure, those that took no time of their own left out. */
export const measuredIn = (measured: RaceResult['measured']): string =>
  measured
    .flatMap(({ entry, milliseconds }) =>
      (milliseconds ?? 0) < OWN_TIME
        ? []
        : [`${raceEn.names[entry]} ${seconds(defined(milliseconds))}`],
    )
    .join(', ') || 'no time';

/** What a race at one mean rank allows to say: a winner only if the intervals part. */
export function raceSentence(result: RaceResult, meanRank: number): string {
  const {
    race: { seeds, entries },
  } = result.spec;
  const verdict = verdictOf(result, meanRank);
  const share = parametersApart(result.standings, meanRank);
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

/** The standings as words, a header first. */
export const raceRows = (standings: readonly Standing[]): string[][] => [
  ['ranks by', 'ranks', 'parameters', 'kB', 'loss', '95 %', 'to uniform', '95 %', 'training'],
  ...standings.map((s) => [
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
