/**
 * The thread's side of studies: gives a study its context, runs it under the transport's control, and keeps the adapters it
 * trained for as long as the model is open.
 */
import { AtlasError } from '../errors.ts';
import { createEngine } from '../engine/cut-engine.ts';
import { checkpointKey } from '../experiment/checkpoint.ts';
import { exportPeft, importPeft } from '../experiment/peft.ts';
import { taskKey } from '../experiment/compress-spec.ts';
import type { TextRef } from '../experiment/spec.ts';
import { studyRuns, type StudyEvent } from '../experiment/studies.ts';
import { keptAtRank, adapterUse, type FullEngine, type KeptAdapter, type StudyContext, type WeightForm } from '../experiment/study.ts';
import { heldOutLoss } from '../methods/training.ts';
import { CheckpointKeeper, CheckpointStore } from './checkpoints.ts';
import type { Opened, Surroundings } from './host.ts';
import { batchOf } from './load.ts';
import { Outbox } from './outbox.ts';
import type { AdapterSummary, Requests } from './protocol.ts';
import type { RunControl } from './run-control.ts';
import { versionsOf } from './versions.ts';

export class StudyHost {
  private readonly kept = new Map<string, KeptAdapter>();
  private readonly opened: Opened;
  /** A provider of its own for another form of the weights. */
  private readonly backend: Opened['backend'];
  private readonly limit: number;
  private readonly out: Surroundings;
  private readonly checkpoints: CheckpointStore;
  /** The checkpoints of the study under way, by their key. */
  private keeping: { key: string; keeper: CheckpointKeeper } | null = null;

  constructor(opened: Opened, out: Surroundings) {
    this.opened = opened;
    this.backend = opened.backend;
    this.limit = out.memoryLimit(opened.engine.provider.kind);
    this.out = out;
    this.checkpoints = new CheckpointStore(out.database);
  }

  /** Runs a study from its checkpoint or anew, to its end or until it is cancelled; `send` gets its events, at most ten times a second. */
  async run(ask: Requests['study']['ask'], control: RunControl, send: (events: StudyEvent[]) => void): Promise<{ finished: boolean }> {
    const outbox = new Outbox<StudyEvent>((events) => { if (!control.cancelled) send(events); });
    const key = this.checkpointKey(ask), keeper = await CheckpointKeeper.open(this.checkpoints, key, ({ code, values }) => this.out.send({ kind: 'warning', code, values }));
    this.keeping = { key, keeper };
    const standing = () => {
      outbox.flush();
      void keeper.save();
    };
    try {
      for await (const event of (await studyRuns[ask.study]())({ ...this.context(ask), checkpoint: keeper })) {
        outbox.add(event);
        if (!await control.goOn(standing)) {
          // Stopped for something else: Play goes on from here, unless it was Reset.
          await keeper.save();
          return { finished: false };
        }
        await keeper.between();
      }
      await keeper.forget();
      return { finished: true };
    } finally {
      outbox.flush();
    }
  }

  /** Play begins this study anew. */
  async forget(ask: Requests['forget']['ask']): Promise<Record<string, never>> {
    const key = this.checkpointKey(ask);
    if (this.keeping?.key === key) await this.keeping.keeper.forget();
    else await this.checkpoints.remove(key);
    return {};
  }

  private checkpointKey({ study, spec }: Requests['forget']['ask']): string {
    return checkpointKey(study, spec, this.opened.facts.hash, versionsOf(this.opened.ort).rankAtlas);
  }

  adapters(): AdapterSummary[] {
    return [...this.kept.values()].map(({ name, values, dyLora, base }) => {
      const { modules } = this.opened.facts;
      return {
        name, base, anyRank: dyLora !== undefined, ranks: modules.map((_, i) => values.find((v) => v.module === i)?.rank ?? 0),
        parameters: values.reduce((sum, v) => sum + v.loraA.length + v.loraB.length, 0),
      };
    });
  }

  /** PEFT's two files. `rank`: of an adapter good at every rank, only the first so many. Throws `no-adapter`. */
  peft({ name, rank }: Requests['exportAdapter']['ask']): Requests['exportAdapter']['answer'] {
    const { values, scales } = this.named(name, rank), { facts } = this.opened;
    const byModule = new Map(values.map((v, i) => [v.module, scales[i]!]));
    const files = exportPeft({ modules: facts.modules, adapters: values, scale: (m) => byModule.get(m)!, baseModel: facts.id.replace(/^(bundled|files):/, ''), taskType: 'CAUSAL_LM' });
    return { files: [...files].map(([file, bytes]) => ({ name: file, bytes })) };
  }

  /** Takes in PEFT's two files under the name `imported`. Throws what the reader throws. */
  importPeft({ config, weights }: Requests['importAdapter']['ask']): Requests['importAdapter']['answer'] {
    const { adapters, scale } = importPeft(config, weights, this.opened.facts.modules);
    this.keep({ name: 'imported', values: adapters, scales: adapters.map((a) => scale(a.module)), base: 'as-is' });
    return { adapter: this.adapters().find((a) => a.name === 'imported')! };
  }

  /** Held-out loss of the model as it is and through an adapter, nats per token. */
  async judge({ name, rank, spec, texts }: Requests['judge']['ask']): Promise<Requests['judge']['answer']> {
    const { engine } = this.opened, { held, heldSequences, length, batch } = spec.training;
    const kept = this.named(name, rank);
    const tokens = await this.tokens(texts)(held, { sequences: heldSequences, length });
    const adapters = await engine.adapters(kept.values);
    try {
      return { base: await heldOutLoss(engine, tokens, batch), adapted: await heldOutLoss(engine, tokens, batch, adapterUse(kept, adapters)), tokens: tokens.sequences * (tokens.length - 1) };
    } finally {
      adapters.dispose();
    }
  }

  private named(name: string, rank?: number): KeptAdapter {
    const found = this.kept.get(name);
    if (!found) throw new AtlasError('no-adapter');
    return rank === undefined ? found : keptAtRank(found, rank);
  }

  private keep(adapter: KeptAdapter): void {
    // Told anew, a name moves to the end: the last one trained comes last.
    this.kept.delete(adapter.name);
    this.kept.set(adapter.name, adapter);
  }

  private tokens = (texts: Record<string, string>) => (text: TextRef, shape: { sequences: number; length: number }) =>
    batchOf({ text, ...shape }, text.kind === 'bundled' ? texts[text.id] ?? '' : text.kind === 'own' ? text.text : '', this.opened.loaded);

  private context({ spec, texts, importances }: Requests['study']['ask']): StudyContext {
    const { engine, facts, loaded, ort } = this.opened;
    return {
      spec, engine, importances, model: facts, provider: engine.provider, versions: versionsOf(ort),
      tokens: this.tokens(texts),
      encode: async (text) => Int32Array.from((await loaded.open.tokenizer()).encode(text)),
      decode: async (ids) => (await loaded.open.tokenizer()).decode(Array.from(ids)),
      task: async (id) => {
        const table = texts[taskKey(id)];
        if (table === undefined) throw new AtlasError('no-file', { file: `bundled:${id}`, why: 'no task of this name comes with the page' });
        return table;
      },
      derive: (form) => this.derive(form),
      keep: (adapter) => this.keep(adapter),
      kept: (name) => this.kept.get(name),
      newest: () => [...this.kept.values()].at(-1),
      now: () => performance.now(),
    };
  }

  private async derive(form: WeightForm): Promise<FullEngine> {
    const { loaded: { graph }, engine } = this.opened;
    const model = form === 'nf4'
      ? await (await import('../engine/nf4-model.ts')).nf4Model(graph)
      : await (await import('../engine/float-model.ts')).floatModel(graph);
    return createEngine({ model, backend: await this.backend(), memoryBudgetBytes: this.limit - engine.memory().device });
  }
}
