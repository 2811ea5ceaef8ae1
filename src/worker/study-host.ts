/**
 * Runs studies in the worker: builds their context and runs them under the run controls, on the
 * base that the experiment names.
 */
import { defined } from '../checked.ts';
import { adapterPlaces, type AdapterPlace } from '../compiler/modules.ts';
import { AtlasError } from '../errors.ts';
import { openEngine } from '../engine/cut-engine.ts';
import type { FullEngine, ModelMemory } from '../engine/engine.ts';
import { baseKey, isOnBase, makerOf } from '../studies/base-kinds.ts';
import { checkpointKey, type CheckpointPort } from '../studies/checkpoint.ts';
import type { ExperimentSpec } from '../studies/spec.ts';
import { studyOf } from '../studies/registry.ts';
import type { StudyState } from '../studies/contract.ts';
import { pulled } from '../studies/pulled.ts';
import type { StudyContext } from '../studies/context.ts';
import type { SavedAdapter } from '../studies/saved-adapter.ts';
import { weightBytes } from '../model/memory.ts';
import { Once } from '../once.ts';
import { Bases, type OpenBase } from './bases.ts';
import { CheckpointWriter, CheckpointStore, unsaved, type RunCheckpoint } from './checkpoints.ts';
import type { Opened, Surroundings } from './host.ts';
import { batchOf } from '../runtime/load.ts';
import { contentOf, studyContext, type Around } from '../runtime/context.ts';
import { Newest } from './newest.ts';
import type { AdapterSummary, Requests, StudyNews } from './protocol.ts';
import type { RunControl } from './run-control.ts';
import { savedFile } from './saved-file.ts';
import { versionsOf } from '../runtime/versions.ts';

export class StudyHost {
  private readonly opened: Opened;
  private readonly out: Surroundings;
  private readonly checkpoints: CheckpointStore;
  private readonly bases: Bases;
  /** Tests the kernels for training and gradients, before the first study that needs them. */
  private readonly tests = new Once(async () => {
    this.out.send({ kind: 'tested', checks: await this.opened.engine.testTraining() });
  });
  /** The checkpoints of the current study, with their key. */
  private currentCheckpoint: { key: string; writer: CheckpointWriter } | null = null;

  constructor(opened: Opened, out: Surroundings) {
    this.opened = opened;
    this.out = out;
    this.checkpoints = new CheckpointStore(out.database);
    this.bases = new Bases(opened, this.checkpoints, out.memoryLimit(opened.engine.provider.kind));
  }

  /**
   * Runs a study from its checkpoint or from the start, until it ends or is cancelled. Calls `tell`
   * with the state at most ten times a second.
   */
  async run(
    ask: Requests['study']['ask'],
    control: RunControl,
    send: (news: StudyNews) => void,
  ): Promise<{ finished: boolean }> {
    const base = await this.openBase(
      { ...ask, spec: isOnBase(ask.study) ? ask.spec : { ...ask.spec, base: 'as-is' } },
      control,
    );
    if (!base) return { finished: false };
    const study = studyOf(ask.study);
    if (study.trains) await this.tests.get();
    const code = await study.code();
    const context = { ...(await this.context(ask, base)), control };
    const news = new Newest<StudyState>((state) => {
      // After a cancel, the page would take messages of this run for the next run's.
      if (control.cancelled) return;
      send({
        run: ask.run,
        state,
        progress: code.progress(state),
        waiting: control.waiting,
        memory: this.memory(),
        adapters: this.adapters(),
      });
    });
    try {
      const done = await this.pulled({
        ask,
        control,
        begin: (checkpoint) => pulled(code, { ...context, checkpoint }),
        onEvent: ({ event, state }) => {
          news.update(state);
          return code.mayPauseAfter?.(event) ?? 'step';
        },
        onPause: () => news.again(),
      });
      return { finished: done !== null };
    } finally {
      news.flush();
    }
  }

  /**
   * Returns the base of an experiment and makes it first if it is unknown; null if cancelled.
   * Throws what the study that makes the base throws.
   */
  async openBase(
    { spec, texts }: Pick<Requests['study']['ask'], 'spec' | 'texts'>,
    control: RunControl,
  ): Promise<OpenBase | null> {
    const key = baseKey(spec);
    const { base } = spec;
    if (base !== 'as-is' && !(await this.bases.known(key))) {
      const study = defined(makerOf(base));
      const { deriveBase } = await import('../studies/base.ts');
      await this.bases.switchToOriginal();
      const news = new Newest<number>((share) =>
        this.out.send({ kind: 'base', making: { base, share } }),
      );
      try {
        const context = await this.context(
          { study, spec, texts, importances: null },
          this.bases.original,
        );
        const derived = await this.pulled({
          ask: { study, spec },
          control,
          begin: (checkpoint) => deriveBase({ ...context, checkpoint }),
          onEvent: (share) => {
            news.update(share);
            return 'step';
          },
          onPause: () => undefined,
        });
        if (!derived) return null;
        this.bases.save(key, derived.value);
      } finally {
        news.flush();
        this.out.send({ kind: 'base', making: null });
      }
    }
    return this.bases.switchTo(key);
  }

  /**
   * The engine over the experiment's base, for questions about it. Throws `no-base` if the base
   * would have to be made, or if another base is in use (`busy`).
   */
  async engineOf(spec: ExperimentSpec, busy: boolean): Promise<FullEngine> {
    const key = baseKey(spec);
    const { current } = this.bases;
    if (busy && key !== current.key) throw new AtlasError('no-base');
    return (await this.bases.switchTo(key)).engine;
  }

  memory(): ModelMemory {
    const own = this.opened.engine.memory();
    const { engine } = this.bases.current;
    return engine === this.opened.engine
      ? own
      : { ...own, device: own.device + engine.memory().device };
  }

  /** Called when the model is closed. */
  dispose(): Promise<void> {
    return this.bases.switchToOriginal();
  }

  /**
   * Pulls a study's events under the run controls, from its last checkpoint or from the start.
   * Returns the generator's value, or null if cancelled.
   */
  private async pulled<E, T>({
    ask,
    control,
    begin,
    onEvent,
    onPause,
  }: {
    ask: Requests['forget']['ask'] & { from?: unknown };
    control: RunControl;
    begin: (checkpoint: CheckpointPort) => AsyncGenerator<E, T, undefined>;
    /** Whether the run may pause after this event; see `StudyCode.mayPauseAfter`. */
    onEvent: (event: E) => 'step' | 'pause' | 'no';
    /** Called when a pause begins or a step has ended. */
    onPause: () => void;
  }): Promise<{ value: T } | null> {
    const writer = await this.openWriter(ask);
    const events = begin(writer);
    const pause = () => {
      onPause();
      void writer.save();
    };
    try {
      for (;;) {
        const next = await events.next();
        if (next.done) {
          await writer.forget();
          return { value: next.value };
        }
        const mayPause = onEvent(next.value);
        if (mayPause === 'no') continue;
        if (mayPause === 'step') control.stepEnded();
        if (!(await control.mayContinue(pause))) {
          // Stopped for another run: this one can resume from here, unless it was reset.
          await writer.save();
          return null;
        }
        await writer.between();
      }
    } finally {
      await events.return(undefined as T);
    }
  }

  /**
   * The checkpoints of a study. A checkpoint that the page can build from its state is not stored.
   */
  private async openWriter(
    ask: Requests['forget']['ask'] & { from?: unknown },
  ): Promise<RunCheckpoint> {
    if (studyOf(ask.study).checkpointOf) return unsaved(ask.from);
    const key = this.checkpointKey(ask);
    const writer = await CheckpointWriter.open(this.checkpoints, key, ({ code, values }) =>
      this.out.send({ kind: 'warning', code, values }),
    );
    this.currentCheckpoint = { key, writer };
    return writer;
  }

  async need({ study, spec }: Requests['need']['ask']): Promise<Requests['need']['answer']> {
    const {
      engine,
      loaded: { compiled },
    } = this.opened;
    const need = await studyOf(study).need?.();
    return {
      needed: need?.(spec, compiled) ?? null,
      allowed: Math.max(0, this.out.memoryLimit(engine.provider.kind) - weightBytes(compiled)),
    };
  }

  /** Deletes the checkpoint of a study, which then starts from the beginning. */
  async forget(ask: Requests['forget']['ask']): Promise<Record<string, never>> {
    const key = this.checkpointKey(ask);
    if (this.currentCheckpoint?.key === key) await this.currentCheckpoint.writer.forget();
    else await this.checkpoints.remove(key);
    return {};
  }

  private checkpointKey({ study, spec }: Requests['forget']['ask']): string {
    return checkpointKey(
      study,
      spec,
      this.opened.facts.hash,
      versionsOf(this.opened.ort).rankAtlas,
    );
  }

  adapters(): AdapterSummary[] {
    return [...this.bases.current.adapters.values()].map(({ name, values, dyLora, base }) => {
      const { modules } = this.opened.facts;
      return {
        name,
        base,
        anyRank: dyLora !== undefined,
        head: values.some((v) => v.module >= modules.length),
        ranks: modules.map((_, i) => values.find((v) => v.module === i)?.rank ?? 0),
        parameters: values.reduce((sum, v) => sum + v.loraA.length + v.loraB.length, 0),
      };
    });
  }

  /**
   * Exports an adapter as PEFT's two files. `rank`: truncates an adapter trained for every rank.
   * Throws `no-adapter`.
   */
  async peft({
    name,
    rank,
  }: Requests['exportAdapter']['ask']): Promise<Requests['exportAdapter']['answer']> {
    const { exportPeft } = await import('../adapters/peft.ts');
    const { values, scales } = await this.named(name, rank);
    const { facts } = this.opened;
    const byModule = new Map(values.map((v, i) => [v.module, scales[i]!]));
    const files = exportPeft({
      modules: this.places,
      adapters: values,
      scale: (m) => defined(byModule.get(m)),
      baseModel: facts.id.replace(/^(bundled|files):/, ''),
      taskType: 'CAUSAL_LM',
    });
    return { files: [...files].map(([file, bytes]) => ({ name: file, bytes })) };
  }

  /** Imports PEFT's two files as the adapter `imported`. Throws what the reader throws. */
  async importPeft({
    config,
    weights,
  }: Requests['importAdapter']['ask']): Promise<Requests['importAdapter']['answer']> {
    const { importPeft } = await import('../adapters/peft.ts');
    const { adapters, scale, notes } = importPeft(config, weights, this.places);
    if (notes.length > 0)
      this.out.send({ kind: 'warning', code: 'adapter-note', values: { what: notes.join('; ') } });
    this.bases.addImported({
      name: 'imported',
      values: adapters,
      scales: adapters.map((a) => scale(a.module)),
      base: 'as-is',
    });
    return { adapter: defined(this.adapters().find((a) => a.name === 'imported')) };
  }

  /** Held-out loss with and without an adapter, in nats per token. */
  async judge({
    name,
    rank,
    spec,
    texts,
  }: Requests['judge']['ask']): Promise<Requests['judge']['answer']> {
    const { adapterUse } = await import('../studies/saved-adapter.ts');
    const { comparedLoss } = await import('../methods/training.ts');
    const { engine } = this.bases.current;
    const { held, heldSequences, length, batch } = spec.training;
    const saved = await this.named(name, rank);
    const tokens = await batchOf(
      { text: held, bos: spec.bos, sequences: heldSequences, length },
      await contentOf(held, this.around(texts)),
      this.opened.loaded,
    );
    const adapters = await engine.adapters(saved.values);
    try {
      return await comparedLoss(engine, tokens, batch, adapterUse(saved, adapters));
    } finally {
      adapters.dispose();
    }
  }

  private get places(): readonly AdapterPlace[] {
    return adapterPlaces(this.opened.loaded.compiled);
  }

  private async named(name: string, rank?: number): Promise<SavedAdapter> {
    const found = this.bases.current.adapters.get(name);
    if (!found) throw new AtlasError('no-adapter');
    if (rank === undefined) return found;
    return (await import('../studies/saved-adapter.ts')).adapterAtRank(found, rank);
  }

  /** Returns one file of a pruned model. Throws `no-base` if the base is no longer known. */
  async pruned({
    spec,
    file,
    dataName,
  }: Requests['exportPruned']['ask']): Promise<Requests['exportPruned']['answer']> {
    const derived = await this.bases.known(baseKey({ ...spec, base: 'pruned' }));
    if (derived?.kind !== 'pruned') throw new AtlasError('no-base');
    const { prunedFile } = await import('../studies/prune/export.ts');
    return {
      files: (await prunedFile(this.opened.loaded, derived, file, dataName)).map(savedFile),
    };
  }

  /**
   * The worker's part of a study's context. `texts`: the files that the page sent with the
   * experiment.
   */
  private around(texts: Record<string, string>): Around {
    const { loaded, ort } = this.opened;
    return {
      loaded,
      ort,
      bundledText: async (id) => texts[id] ?? '',
      file: async (path) => {
        const content = texts[path];
        if (content === undefined)
          throw new AtlasError('no-file', { file: path, why: 'there is no such bundled file' });
        return content;
      },
      threads: async () => (await import('./svd-threads.ts')).browserThreads,
      engineOf: async (model) =>
        openEngine({
          model,
          backend: await this.opened.backend(),
          memoryBudgetBytes: this.bases.freeBytes,
        }),
    };
  }

  private async context(
    { study, spec, texts, importances }: Omit<Requests['study']['ask'], 'run' | 'paused'>,
    base: OpenBase,
  ): Promise<StudyContext> {
    return {
      ...(await studyContext(spec, study, base, this.around(texts))),
      importances,
      saveBase: (derived) => this.bases.save(baseKey({ ...spec, base: derived.kind }), derived),
    };
  }
}
