/**
 * `rank-atlas experiment learning-rates`: the same race at several learning rates, over two texts; at two of them also for longer. Writes
 * docs/experiments/learning-rates.md and the raw results beside it after every race. What is through stays in a file there until the
 * end, so a run that was cut goes on from its last whole seed.
 */
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AtlasError } from '../src/errors.ts';
import { SEEDS_FOR_INTERVALS } from '../src/experiment/race-standings.ts';
import type { RaceResult, RaceState } from '../src/experiment/race-state.ts';
import { parseSpec } from '../src/experiment/schema.ts';
import { setByPaths } from '../src/experiment/settings.ts';
import type { ExperimentSpec } from '../src/experiment/spec.ts';
import { readBytes, writeBytes } from './disk.ts';
import { SET_IDS, textsOf, type SetId } from './experiment-sets.ts';
import { learningRatesReport } from './learning-rates-report.ts';
import type { Options } from './options.ts';
import { racedIn } from './race.ts';
import { settingsOf } from './settings.ts';
import { openStudy } from './study.ts';

/** One race of the experiment. `long`: more steps, fewer entries. */
export interface Cell { set: SetId; long: boolean; learningRate: number; result: RaceResult }

/** The raw results, in the plan's order. */
export interface LearningRates { format: 'rank-atlas-learning-rates'; version: 1; command: string; planned: number; cells: Cell[] }

const RATES = [4e-3, 8e-3, 1.2e-2, 1.6e-2, 3e-2], LONG_RATES = [8e-3, 1.2e-2];
const race = { meanRanks: [1], seeds: 5 }, training = { batch: 4, length: 32, heldSequences: 32, evaluateEvery: 0 };
const SHORT = { race: { ...race, entries: ['adarank', 'eva', 'eva-uniform', 'uniform', 'random'] }, training: { ...training, steps: 30 } };
const LONG = { race: { ...race, entries: ['adarank', 'uniform'] }, training: { ...training, steps: 200 } };

type Planned = Omit<Cell, 'result'> & { spec: ExperimentSpec };

function planned(options: Options): Planned[] {
  const cells = [false, true].flatMap((long) => SET_IDS.flatMap((set) => (long ? LONG_RATES : RATES).map((learningRate) => ({ set, long, learningRate }))));
  return cells.map((cell) => {
    const of = cell.long ? LONG : SHORT, spec = parseSpec({ study: 'race', race: of.race, training: { ...of.training, ...textsOf(cell.set), learningRate: cell.learningRate } });
    const asked = setByPaths(spec, settingsOf(options)), { race: { entries, meanRanks, seeds }, training: { learningRate } } = asked;
    if (learningRate !== cell.learningRate || meanRanks.length !== 1 || seeds < SEEDS_FOR_INTERVALS || !entries.includes('uniform')) {
      throw new AtlasError('usage', { why: `learning-rates sets the learning rates itself and compares with uniform at one mean rank, over ${SEEDS_FOR_INTERVALS} seeds or more` });
    }
    return { ...cell, spec: asked };
  });
}

/** What a run that was cut left: races that are through, and one between two seeds. */
interface Part { races: RaceResult[]; state: RaceState | null }

export async function learningRates(folder: string, command: string, options: Options): Promise<string> {
  const part = join(folder, 'learning-rates.part.json'), plan = planned(options), cells: Cell[] = [], { races, state } = await partAt(part);
  const { context, dispose } = await openStudy(plan[0]!.spec, options), { model } = context.spec;
  let report = '';
  try {
    for (const { spec, ...cell } of plan) {
      const isThis = (r: RaceState | RaceResult) => JSON.stringify(r.spec) === JSON.stringify({ ...spec, model }), done = () => cells.map((c) => c.result);
      // Neither the rate nor the text that is trained on changes AdaRank's importances.
      const importances = cells[0]?.result.measured.find((m) => m.entry === 'adarank')?.importances ?? null;
      const result = races.find(isThis) ?? await racedIn({ ...context, spec: { ...spec, model }, importances }, state && isThis(state) ? state : null, (now) => save(part, { races: done(), state: now }));
      cells.push({ ...cell, result });
      await save(part, { races: done(), state: null });
      const file: LearningRates = { format: 'rank-atlas-learning-rates', version: 1, command, planned: plan.length, cells };
      await writeBytes(join(folder, 'learning-rates.json'), `${JSON.stringify(file)}\n`);
      report = learningRatesReport(file);
      await writeBytes(join(folder, 'learning-rates.md'), report);
    }
  } finally {
    await dispose();
  }
  await rm(part);
  return report;
}

/** In one move, so that a run that is cut while it writes leaves what was there before whole. */
async function save(path: string, part: Part): Promise<void> {
  await writeBytes(`${path}.new`, JSON.stringify(part));
  await rename(`${path}.new`, path);
}

/** Nothing where there is none, or none that can be read. */
async function partAt(path: string): Promise<Part> {
  return readBytes(path).then((bytes) => JSON.parse(new TextDecoder().decode(bytes)) as Part).catch(() => ({ races: [], state: null }));
}
