/**
 * The race: one budget, several allocations, the same data, seeds and steps. It first measures
 * every entry. Then, for each seed and mean rank, all entries train in turns, so that their curves
 * grow together.
 *
 * A checkpoint holds the state, and the adapters and moments of the unfinished runs. The data of
 * step n depends only on the seed and n, so a resumed race ends with identical numbers.
 */
import { defined, elementAt } from '../../checked.ts';
import { AtlasError } from '../../errors.ts';
import type {
  AdapterMoments,
  Adapters,
  AdapterUse,
  AdapterValues,
  TokenBatch,
} from '../../engine/engine.ts';
import { parametersOf } from '../../methods/allocation/equal-budget.ts';
import { judged, train, type TrainingEvent } from '../../methods/training.ts';
import type { CheckpointPort } from '../checkpoint.ts';
import { nameOf } from '../map/events.ts';
import {
  importedAdapter,
  measure,
  proportional,
  SCALE,
  timed,
  type Competitor,
} from './measure.ts';
import { partOf, type RaceEntry } from './entries.ts';
import { rankingOf } from './ranking.ts';
import { type RaceEvent, type RaceResult, type RaceState } from './state.ts';
import type { StudyContext } from '../context.ts';
import type { SavedAdapter } from '../saved-adapter.ts';
import { raceRanks } from './need.ts';
import { trainingOptions } from '../training-options.ts';

/** Steps of a turn if no held-out loss ends it. */
const TURN = 20;

export interface RaceCheckpoint {
  state: RaceState;
  /** Of the unfinished runs, by lane index. */
  adapters: { lane: number; values: AdapterValues[]; moments: AdapterMoments[] }[];
  /** Of the finished runs. */
  kept: SavedAdapter[];
}

type Events<T = void> = AsyncGenerator<RaceEvent, T, undefined>;

/** A run in training. */
interface Runner {
  lane: number;
  adapters: Adapters;
  steps: AsyncGenerator<TrainingEvent, void, undefined>;
}

/**
 * Runs a race to its end, from the start or from a checkpoint of the same experiment. Saves every
 * entry's adapter of the first seed and mean rank as `race/<entry>`. Throws `bad-text`,
 * `no-importance`, `training-too-large` (before anything is computed) and what the engine throws. A
 * loss that is not finite stops only its own run.
 */
export function runRace(context: StudyContext, now: () => RaceState): Events {
  return new Race(context, now).run();
}

class Race {
  private readonly context: StudyContext;
  private readonly checkpoint: CheckpointPort | undefined;
  private readonly state: () => RaceState;
  private data!: { train: TokenBatch; held: TokenBatch };
  private readonly competitors = new Map<RaceEntry, Competitor>();
  private readonly saved: SavedAdapter[] = [];
  private readonly runners = new Map<number, Runner>();

  constructor(context: StudyContext, state: () => RaceState) {
    this.context = context;
    this.checkpoint = context.checkpoint;
    this.state = state;
  }

  async *run(): Events {
    const { spec, model, provider, versions, tokens } = this.context;
    const { training, race, seed } = spec;
    const from = this.checkpoint?.from as RaceCheckpoint | undefined;
    const maxRanks = raceRanks(spec, model.modules);
    await this.context.engine.checkTraining(
      { sequences: training.batch, length: training.length },
      maxRanks,
    );
    this.data = {
      train: await tokens(training.train, { sequences: Infinity, length: training.length }),
      held: await tokens(training.held, {
        sequences: training.heldSequences,
        length: training.length,
      }),
    };
    try {
      // Checkpoints hold the imported adapter, because a reload discards it.
      if (!from && race.entries.includes('imported')) this.save(importedAdapter(this.context));
      if (from) {
        for (const adapter of from.kept) this.save(adapter);
        yield { type: 'resumed', state: from.state };
      } else {
        yield {
          type: 'start',
          spec,
          model: nameOf(model),
          provider,
          versions,
          modules: model.modules.map((m) => m.path),
          sequences: { train: this.data.train.sequences, held: this.data.held.sequences },
        };
      }
      this.offer();
      if (this.now.base === null)
        yield {
          type: 'base',
          loss: yield* judged(this.context.engine, this.data.held, training.batch),
        };
      yield* this.measureAll();
      for (let s = 0; s < race.seeds; s++)
        for (const meanRank of race.meanRanks)
          yield* this.heat(meanRank, (seed + s) % 2 ** 32, from);
      yield { type: 'done', result: resultOf(this.now) };
    } finally {
      for (const { adapters } of this.runners.values()) adapters.dispose();
    }
  }

  private get now(): RaceState {
    return this.state();
  }

  private offer(): void {
    this.checkpoint?.offer(async (): Promise<RaceCheckpoint> => ({
      state: this.now,
      kept: [...this.saved],
      adapters: await Promise.all(
        [...this.runners.values()].map(async ({ lane, adapters }) => ({
          lane,
          values: await adapters.values(),
          moments: await adapters.moments(),
        })),
      ),
    }));
  }

  private async *measureAll(): Events {
    const {
      spec: { race, training },
      tokens,
    } = this.context;
    const batch = await tokens(training.train, {
      sequences: race.sequences,
      length: training.length,
    });
    for (const entry of race.entries) {
      const known = this.now.measured.find((m) => m.entry === entry);
      if (known?.importances) {
        this.competitors.set(entry, proportional(this.context, known.importances));
        continue;
      }
      yield* this.measured(entry, batch);
    }
  }

  private async *measured(entry: RaceEntry, batch: TokenBatch): Events {
    const part = partOf(entry);
    const known = part === undefined ? undefined : this.competitors.get(part);
    const steps = measure(this.context, entry, batch, known?.importances ?? null);
    const { found, milliseconds } = yield* timed(steps, this.context.now, (step) => ({
      type: 'measuring',
      entry,
      ...step,
    }));
    this.competitors.set(entry, found);
    yield {
      type: 'measured',
      entry,
      importances: found.importances,
      milliseconds: this.fromMap(entry) ? null : milliseconds,
    };
  }

  private fromMap(entry: RaceEntry): boolean {
    const {
      importances,
      spec: { method },
    } = this.context;
    return importances !== null && method.name === partOf(entry);
  }

  /** Trains all entries at one mean rank with one seed. */
  private async *heat(meanRank: number, seed: number, from: RaceCheckpoint | undefined): Events {
    const {
      spec: { race },
      model: { modules },
      engine,
    } = this.context;
    const isOurs = ({ meanRank: r, seed: s }: { meanRank: number; seed: number }) =>
      r === meanRank && s === seed;
    if (!this.now.lanes.some(isOurs)) {
      yield {
        type: 'lanes',
        lanes: race.entries.map((entry) => {
          const ranks = defined(this.competitors.get(entry)).ranks(
            { meanRank, equal: race.equal },
            seed,
          );
          return { entry, meanRank, seed, ranks, parameters: parametersOf(ranks, modules) };
        }),
      };
    }
    for (const [lane, { entry, ranks, finished, ...l }] of this.now.lanes.entries()) {
      if (!isOurs(l) || finished) continue;
      const checkpoint = from?.adapters.find((a) => a.lane === lane);
      const adapters = await engine.adapters(
        checkpoint?.values ?? defined(this.competitors.get(entry)).adapters(seed, ranks),
        checkpoint?.moments,
      );
      this.runners.set(lane, { lane, adapters, steps: this.trained(lane, adapters) });
    }
    this.offer();
    while (this.runners.size > 0)
      for (const runner of [...this.runners.values()]) yield* this.turn(runner);
  }

  private save(adapter: SavedAdapter): void {
    this.saved.push(adapter);
    this.context.saveAdapter(adapter);
  }

  private use(adapters: Adapters): AdapterUse {
    return { adapters, scale: () => SCALE };
  }

  private trained(lane: number, adapters: Adapters): Runner['steps'] {
    const {
      spec: { training },
      engine,
      now,
    } = this.context;
    const { step, seed, points } = elementAt(this.now.lanes, lane);
    const use = this.use(adapters);
    // The loss before the first step is the model's own.
    return train({
      engine,
      use,
      data: this.data,
      options: trainingOptions(training, seed),
      now,
      done: step,
      stepOf: () => ({ use }),
      known: points.at(-1)?.step === step,
    });
  }

  /** Trains one run up to its next held-out loss. */
  private async *turn(runner: Runner): Events {
    const { lane, steps } = runner;
    const {
      training: { steps: of, evaluateEvery },
    } = this.context.spec;
    for (let count = 0; evaluateEvery > 0 || count < TURN; count++) {
      let next: IteratorResult<TrainingEvent, void>;
      try {
        next = await steps.next();
      } catch (error) {
        if (!(error instanceof AtlasError && error.code === 'diverged')) throw error;
        return yield* this.stop(runner, Number(error.values.step));
      }
      if (next.done) return yield* this.finish(runner);
      const event = next.value;
      if (event.type === 'step') {
        const { step, loss, gradNorm, milliseconds } = event;
        yield { type: 'step', lane, step, of, loss, gradNorm, milliseconds };
      } else if (event.type === 'judging') {
        yield event;
        count--;
      } else {
        if (!Number.isFinite(event.loss)) return yield* this.stop(runner, event.step);
        yield { type: 'held', lane, step: event.step, loss: event.loss };
        return;
      }
    }
  }

  /** Ends a run whose loss is not finite at this step; the last finite step is its result. */
  private async *stop(runner: Runner, step: number): Events {
    const { lane, adapters } = runner;
    const { step: done, points } = elementAt(this.now.lanes, lane);
    yield { type: 'stopped', lane, step };
    let good = points.at(-1)?.step === done;
    if (!good) {
      const loss = yield* judged(
        this.context.engine,
        this.data.held,
        this.context.spec.training.batch,
        this.use(adapters),
      );
      good = Number.isFinite(loss);
      if (good) yield { type: 'held', lane, step: done, loss };
    }
    yield* this.finish(runner, good);
  }

  /** `good`: the adapter may be saved. */
  private async *finish({ lane, adapters }: Runner, good = true): Events {
    const { entry, meanRank, seed } = elementAt(this.now.lanes, lane);
    const { spec } = this.context;
    if (good && seed === spec.seed && meanRank === spec.race.meanRanks[0]) {
      const values = await adapters.values();
      this.save({ name: `race/${entry}`, values, scales: values.map(() => SCALE), base: 'as-is' });
    }
    this.runners.delete(lane);
    adapters.dispose();
    yield { type: 'finished', lane };
  }
}

function resultOf(state: RaceState): RaceResult {
  const { spec, model, provider, versions, modules, sequences, measured, base, lanes } = state;
  return {
    format: 'rank-atlas-race',
    version: 1,
    spec,
    model,
    provider,
    versions,
    modules,
    sequences,
    measured,
    base: defined(base),
    lanes,
    standings: rankingOf(state),
  };
}
