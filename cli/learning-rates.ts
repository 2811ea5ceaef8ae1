/**
 * `rank-atlas experiment learning-rates`: runs one race at several learning rates on two texts, and
 * at two rates also with more steps. After every race it writes docs/experiments/learning-rates.md
 * and the raw results. It also saves the current race, so an interrupted run resumes from its last
 * complete seed.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { elementAt } from '../src/checked.ts';
import { AtlasError } from '../src/errors.ts';
import { SEEDS_FOR_INTERVALS } from '../src/studies/race/ranking.ts';
import type { RaceResult, RaceState } from '../src/studies/race/state.ts';
import { parseSpec } from '../src/experiment/schema.ts';
import { setByPaths } from '../src/experiment/settings.ts';
import type { ExperimentSpec } from '../src/studies/spec.ts';
import { readBytes } from './disk.ts';
import { writeBytes } from './output.ts';
import { SET_IDS, textsOf, type SetId } from './experiment-sets.ts';
import { learningRatesReport } from './learning-rates-report.ts';
import type { Options } from './options.ts';
import { racedIn } from './races.ts';
import { settingsOf } from './settings.ts';
import { openStudy } from './study.ts';

/** One race of the experiment. `long` means more steps and fewer entries. */
export interface Cell {
  set: SetId;
  long: boolean;
  learningRate: number;
  result: RaceResult;
}

/**
 * The raw results, in planned order. `missing` lists the races that an interrupted run did not
 * reach.
 */
export interface LearningRates {
  format: 'rank-atlas-learning-rates';
  version: 1;
  command: string;
  cells: Cell[];
  missing: { set: SetId; steps: number; learningRate: number }[];
}

const RATES = [4e-3, 8e-3, 1.2e-2, 1.6e-2, 3e-2];
const LONG_RATES = [8e-3, 1.2e-2];
const race = { meanRanks: [1], seeds: 5 };
const training = { batch: 4, length: 32, heldSequences: 32, evaluateEvery: 0 };
const SHORT = {
  race: { ...race, entries: ['adarank', 'eva', 'eva-uniform', 'uniform', 'random'] },
  training: { ...training, steps: 30 },
};
const LONG = {
  race: { ...race, entries: ['adarank', 'uniform'] },
  training: { ...training, steps: 200 },
};

type Planned = Omit<Cell, 'result'> & { spec: ExperimentSpec };

function planned(options: Options): Planned[] {
  const cells = [false, true].flatMap((long) =>
    SET_IDS.flatMap((set) =>
      (long ? LONG_RATES : RATES).map((learningRate) => ({ set, long, learningRate })),
    ),
  );
  return cells.map((cell) => {
    const of = cell.long ? LONG : SHORT;
    const spec = parseSpec({
      study: 'race',
      race: of.race,
      training: { ...of.training, ...textsOf(cell.set), learningRate: cell.learningRate },
    });
    const asked = setByPaths(spec, settingsOf(options));
    const {
      race: { entries, meanRanks, seeds },
      training: { learningRate },
    } = asked;
    if (
      learningRate !== cell.learningRate ||
      meanRanks.length !== 1 ||
      seeds < SEEDS_FOR_INTERVALS ||
      !entries.includes('uniform')
    ) {
      throw new AtlasError('usage', {
        why: `learning-rates sets the learning rates itself; it needs the entry uniform, one mean rank and at least ${SEEDS_FOR_INTERVALS} seeds`,
      });
    }
    return { ...cell, spec: asked };
  });
}

export async function learningRates(
  folder: string,
  command: string,
  options: Options,
): Promise<string> {
  const path = join(folder, 'learning-rates.json');
  const part = join(folder, 'learning-rates.part.json');
  const plan = planned(options);
  const earlier = await jsonAt<LearningRates>(path);
  const races =
    earlier?.format === 'rank-atlas-learning-rates' && earlier.missing.length > 0
      ? earlier.cells.map((c) => c.result)
      : [];
  const state = await jsonAt<RaceState>(part);
  const { context, checkpointWriter, dispose } = await openStudy(elementAt(plan, 0).spec, options);
  const { model } = context.spec;
  const cells: Cell[] = [];
  let report = '';
  try {
    for (const [i, { spec, ...cell }] of plan.entries()) {
      const isThis = (r: RaceState | RaceResult) =>
        JSON.stringify(parseSpec(r.spec)) === JSON.stringify({ ...spec, model });
      // AdaRank's importances depend neither on the learning rate nor on the training text.
      const importances =
        cells[0]?.result.measured.find((m) => m.entry === 'adarank')?.importances ?? null;
      const of = { ...context, spec: { ...spec, model }, importances };
      const result =
        races.find(isThis) ??
        (await racedIn(
          of,
          await checkpointWriter('race', of.spec),
          state && isThis(state) ? state : null,
          (now) => save(part, now),
        ));
      cells.push({ ...cell, result });
      const missing = plan
        .slice(i + 1)
        .map((p) => ({ set: p.set, steps: p.spec.training.steps, learningRate: p.learningRate }));
      // Later races of an earlier run stay in the file until this run reaches them.
      if (races.length > cells.length && races.includes(result)) continue;
      const file: LearningRates = {
        format: 'rank-atlas-learning-rates',
        version: 1,
        command,
        cells,
        missing,
      };
      await save(path, file);
      report = learningRatesReport(file);
      await writeBytes(join(folder, 'learning-rates.md'), report);
    }
  } finally {
    await dispose();
  }
  await rm(part, { force: true });
  return report;
}

const save = (path: string, value: unknown): Promise<void> =>
  writeBytes(path, `${JSON.stringify(value)}\n`);

/** Returns null if the file is missing or unreadable. */
async function jsonAt<T>(path: string): Promise<T | null> {
  return readBytes(path)
    .then((bytes) => JSON.parse(new TextDecoder().decode(bytes)) as T)
    .catch(() => null);
}
