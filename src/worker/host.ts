/**
 * The worker's side of the protocol: holds one model on one provider, answers requests and runs
 * experiments.
 *
 * Everything from outside (the runtime, a GPU, the address of bundled files) comes through
 * `Surroundings`, so the host does not depend on a browser.
 */
import { elementAt } from '../checked.ts';
import { probeOf } from '../methods/importance/adarank.run.ts';
import { AtlasError } from '../errors.ts';
import type { Gpu } from '../device/gpu.ts';
import { FULL_ROWS, type Backend } from '../engine/backends/backend.ts';
import { openEngine } from '../engine/cut-engine.ts';
import type { CleanPass, FullEngine, ProviderKind } from '../engine/engine.ts';
import type { Ort } from '../engine/backends/ort.ts';
import { chooseProvider } from '../engine/backends/provider.ts';
import { selfTest, type SelfTestReport } from '../engine/check/self-test.ts';
import { CpuBackend } from '../engine/backends/cpu-backend.ts';
import { perturbationOf } from '../studies/map/draws.ts';
import type { ModelFacts } from '../studies/map/events.ts';
import type { ExperimentSpec } from '../studies/spec.ts';
import { tokensHash } from '../studies/map/tokens-hash.ts';
import type { CalibrationBatch } from '../model/calibration.ts';
import type { ModelFiles } from '../model/files.ts';
import { estimateMemory } from '../model/memory.ts';
import type { Transfer } from '../model/remote/download.ts';
import type { FileStore } from '../model/remote/file-store.ts';
import {
  batchOf,
  bosOf,
  factsOf,
  findAndLoad,
  labelsOf,
  testedOf,
  type LoadedModel,
} from '../runtime/load.ts';
import type {
  FromWorker,
  Inspection,
  ModelSource,
  Progress,
  ProviderChoice,
  RemoteSource,
  RequestName,
  Requests,
  ToWorker,
} from './protocol.ts';
import { missingPart } from './missing-part.ts';
import { RunControl } from './run-control.ts';
import { savedFile } from './saved-file.ts';
import { StudyHost } from './study-host.ts';
import { announceWhile, announcedBlocking } from './watch.ts';

export interface Surroundings {
  send(message: FromWorker): void;
  files(source: Exclude<ModelSource, RemoteSource>): Promise<ModelFiles>;
  /** The cache for files of remote models; absent or null: no cache. */
  store?(): Promise<FileStore | null>;
  runtime(kind: ProviderKind, onBytes: (loaded: number, total: number) => void): Promise<Ort>;
  /** Returns a new device each time, or null without WebGPU. */
  gpu(): Promise<Gpu | null>;
  /** Bytes a page may use on this machine. */
  memoryLimit(kind: ProviderKind): number;
  /** The database for checkpoints, which survive a reload; absent: none are saved. */
  database?: IDBFactory;
}

export interface Opened {
  loaded: LoadedModel;
  facts: ModelFacts;
  engine: FullEngine;
  ort: Ort;
  /** Creates another provider of the same kind, for another model next to this one. */
  backend(): Promise<Backend>;
}

export class EngineHost {
  private readonly out: Surroundings;
  private opened: (Opened & { studies: StudyHost }) | null = null;
  /** Aborts the model that is being read. */
  private reading: AbortController | null = null;
  private inspected: { source: ModelSource; loaded: LoadedModel } | null = null;
  private running: RunControl | null = null;
  /** The clean pass of the last explained batch, by its tokens. */
  private explained: { key: string; engine: FullEngine; pass: CleanPass } | null = null;

  constructor(out: Surroundings) {
    this.out = out;
  }

  receive(message: ToWorker): void {
    if (message.kind === 'control') this.running?.apply(message.action);
    else if (message.kind === 'stop-reading') this.reading?.abort();
    else void this.answer(message);
  }

  private async answer(message: Extract<ToWorker, { kind: 'ask' }>): Promise<void> {
    const { id, name } = message;
    try {
      const handler = this.handlers[name] as (ask: unknown) => Promise<unknown>;
      const answer = await handler(message.ask);
      this.out.send({ kind: 'reply', id, name, answer } as FromWorker);
    } catch (error) {
      const known =
        error instanceof AtlasError
          ? error
          : (missingPart(error) ??
            new AtlasError(
              'runtime',
              {
                what: name,
                why: (error instanceof Error ? error.message : String(error)).slice(0, 200),
              },
              { cause: error },
            ));
      if (!(error instanceof AtlasError)) console.error(error);
      this.out.send({
        kind: 'failed',
        id,
        code: known.code,
        values: known.values,
        message: known.message,
      });
    }
  }

  private readonly handlers: {
    [K in RequestName]: (ask: Requests[K]['ask']) => Promise<Requests[K]['answer']>;
  } = {
    inspect: (ask) =>
      announceWhile(
        (seconds) => this.silent(seconds),
        () => this.inspect(ask),
      ),
    variants: async (ask) => (await remoteModels()).variants(ask, await this.transfer()),
    cachedModels: async (ask) => (await remoteModels()).cachedModels(ask, await this.transfer()),
    forgetModel: async (ask) => (await remoteModels()).forget(ask, await this.transfer()),
    open: (ask) => this.open(ask),
    explain: (ask) => this.explain(ask),
    picture: async (ask) => {
      const { pictureOf } = await import('./picture.ts');
      return pictureOf(await this.engineOf(ask.spec), ask);
    },
    study: (ask) => this.study(ask),
    need: async (ask) => this.studies().need(ask),
    forget: async (ask) => this.studies().forget(ask),
    exportAdapter: async (ask) => this.studies().peft(ask),
    importAdapter: async (ask) => this.studies().importPeft(ask),
    exportCompressed: async ({ result, steps, file, dataName }) => {
      const { compressedFiles } = await import('../studies/compress/export.ts');
      const of = { steps, dataName, only: file };
      return { files: (await compressedFiles(this.current().loaded, result, of)).map(savedFile) };
    },
    exportPruned: async (ask) => this.studies().pruned(ask),
    bos: async ({ kind, bos }) => bosOf(kind, bos, this.current().loaded),
    judge: async (ask) => this.studies().judge(ask),
    fetchStudies: async () => {
      await (await import('./study-parts.ts')).fetchStudyParts();
      return {};
    },
    count: async ({ spec, texts }) => {
      const { tokens, sequences, length } = await batchOf(spec, texts, this.current().loaded);
      return { tokens, sequences, length };
    },
  };

  private async inspect({
    source,
    sequences,
    length,
    provider,
  }: Requests['inspect']['ask']): Promise<Inspection> {
    const loaded = await this.read(source);
    this.inspected = { source, loaded };
    const kind: ProviderKind = provider === 'auto' ? 'wasm' : provider;
    const need = {
      ...estimateMemory(loaded.compiled, { sequences, length, fullRows: FULL_ROWS[kind] }),
      limit: this.out.memoryLimit(kind),
    };
    const fits = need.total <= need.limit;
    const refusal = fits
      ? null
      : {
          code: 'too-large' as const,
          values: {
            needed: `${(need.total / 1e9).toFixed(1)} GB`,
            allowed: (need.limit / 1e9).toFixed(1),
          },
        };
    return { facts: factsOf(loaded), refusal, need };
  }

  private async open({
    source,
    provider,
  }: Requests['open']['ask']): Promise<Requests['open']['answer']> {
    this.running?.apply('cancel');
    // The files are read while the runtime loads.
    const [loaded, started] = await Promise.all([this.read(source), this.start(provider)]);
    await this.close();
    this.report({ phase: 'sessions' });
    const { ort, gpu, providers } = started;
    // Kernels and shaders load only if a GPU computes.
    const on = async (device: Gpu | null): Promise<Backend> =>
      device
        ? new (await import('../engine/backends/webgpu-backend.ts')).WebGpuBackend(ort, device)
        : new CpuBackend(ort);
    const backend = await on(gpu);
    const kind = backend.provider.kind;
    const engine = await openEngine({
      model: loaded.compiled,
      backend,
      memoryBudgetBytes: this.out.memoryLimit(kind),
    });
    const opened = { loaded, facts: factsOf(loaded), engine, ort, backend: () => on(gpu) };
    this.opened = { ...opened, studies: new StudyHost(opened, this.out) };
    this.report({ phase: 'self-test' });
    const report: SelfTestReport = await selfTest(testedOf(loaded, ort), engine, backend);
    return {
      facts: this.opened.facts,
      provider: engine.provider,
      selfTest: report,
      memory: engine.memory(),
      limit: this.out.memoryLimit(kind),
      providers,
    };
  }

  /** Reuses a model that has just been inspected. */
  private async read(source: ModelSource): Promise<LoadedModel> {
    const { inspected } = this;
    this.inspected = null;
    if (inspected && sameSource(inspected.source, source)) return inspected.loaded;
    this.reading?.abort();
    const { signal } = (this.reading = new AbortController());
    const find = async () =>
      source.kind === 'remote'
        ? (await remoteModels()).filesOf(source, await this.transfer(signal))
        : this.out.files(source);
    const loaded = await findAndLoad(find, {
      onProgress: (bytes, total) => {
        if (signal.aborted) throw new AtlasError('cancelled');
        this.report({ phase: 'download', what: 'model', loaded: bytes, total });
      },
      blocking: announcedBlocking((seconds) => this.silent(seconds)),
    });
    // Files read later, for an export, must not be aborted with the next model.
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- the next model's
    if (this.reading?.signal === signal) this.reading = null;
    this.report({ phase: 'compile' });
    return loaded;
  }

  /** The settings for downloads. */
  private async transfer(signal?: AbortSignal): Promise<Transfer> {
    return {
      store: (await this.out.store?.()) ?? null,
      ...(signal && { signal }),
      onWarning: ({ code, values }) => this.out.send({ kind: 'warning', code, values }),
    };
  }

  private async start(
    choice: ProviderChoice,
  ): Promise<{ ort: Ort; gpu: Gpu | null; providers: ProviderKind[] }> {
    const gpu = await this.out.gpu();
    const kind = chooseProvider(choice, gpu);
    if (kind === 'webgpu' && !gpu) throw new AtlasError('no-webgpu');
    // The device was opened to identify the adapter. If unused, it would stay open for the whole
    // visit.
    if (kind === 'wasm') gpu?.device.destroy();
    const ort = await this.out.runtime(kind, (loaded, total) =>
      this.report({ phase: 'download', what: 'runtime', loaded, total }),
    );
    return {
      ort,
      gpu: kind === 'webgpu' ? gpu : null,
      providers: gpu ? ['webgpu', 'wasm'] : ['wasm'],
    };
  }

  private async close(): Promise<void> {
    this.explained?.pass.dispose();
    this.explained = null;
    const { opened } = this;
    this.opened = null;
    await opened?.studies.dispose();
    await opened?.engine.dispose();
  }

  private current(): Opened & { studies: StudyHost } {
    if (!this.opened)
      throw new AtlasError('runtime', { what: 'the request', why: 'no model is loaded yet' });
    return this.opened;
  }

  private async study(ask: Requests['study']['ask']): Promise<{ finished: boolean }> {
    this.running?.apply('cancel');
    const control = (this.running = new RunControl(ask.paused === true));
    try {
      return await this.studies().run(ask, control, (news) =>
        this.out.send({ kind: 'study', ...news }),
      );
    } finally {
      if (this.running === control) this.running = null;
    }
  }

  private studies(): StudyHost {
    return this.current().studies;
  }

  /** The engine over the experiment's base. */
  private async engineOf(spec: ExperimentSpec): Promise<FullEngine> {
    return spec.base === 'as-is'
      ? this.current().engine
      : this.studies().engineOf(spec, this.running !== null);
  }

  private async explain({
    spec,
    texts,
    module,
    repeat,
  }: Requests['explain']['ask']): Promise<Requests['explain']['answer']> {
    const { loaded } = this.current();
    const engine = await this.engineOf(spec);
    const pass = await this.passOf(engine, await batchOf(spec, texts, loaded));
    const detail = await engine.explain(
      pass,
      probeOf(engine, { ...perturbationOf(spec.method), seed: spec.seed }, module, repeat),
    );
    return {
      ...detail,
      labels: await labelsOf(
        detail.tokens.map((t) => t.id),
        loaded,
      ),
    };
  }

  private async passOf(engine: FullEngine, batch: CalibrationBatch): Promise<CleanPass> {
    const key = `${batch.sequences} ${batch.length} ${tokensHash(batch.ids)}`;
    if (this.explained?.key !== key || this.explained.engine !== engine) {
      this.explained?.pass.dispose();
      this.explained = null;
      this.explained = { key, engine, pass: await engine.cleanPass(batch) };
    }
    return this.explained.pass;
  }

  private silent(seconds: number | null): void {
    this.out.send({ kind: 'silent', seconds });
  }

  private report(progress: Progress): void {
    this.out.send({ kind: 'progress', progress });
  }
}

/** The code for remote models loads at its first use. */
const remoteModels = () => import('./remote-models.ts');

function sameSource(a: ModelSource, b: ModelSource): boolean {
  if (a.kind === 'bundled') return b.kind === 'bundled' && a.id === b.id;
  if (a.kind === 'remote') return b.kind === 'remote' && a.id === b.id && a.hub === b.hub;
  return (
    b.kind === 'files' &&
    a.graph === b.graph &&
    a.files.length === b.files.length &&
    a.files.every(
      (f, i) => f.path === elementAt(b.files, i).path && f.file === elementAt(b.files, i).file,
    )
  );
}
