/**
 * The messages between the page and the engine's worker: plain data that survives structured
 * cloning. A request carries an `id` and gets one answer (`reply` or `failed`); progress and run
 * events are pushed. There is one model and at most one run at a time.
 */
import type { ErrorCode, ErrorValues } from '../errors.ts';
import type { ProbeDetail, ProviderInfo, ProviderKind, ModelMemory } from '../engine/engine.ts';
import type { SelfTestReport } from '../engine/check/self-test.ts';
import type { BaseKind } from '../studies/base-kinds.ts';
import type { CompressedFileName } from '../studies/compress/export.ts';
import type { CompressResult } from '../studies/compress/state.ts';
import type { ModelFacts } from '../studies/map/events.ts';
import type { PrunedFileName } from '../studies/prune/files.ts';
import type { ExperimentSpec, StudyKind } from '../studies/spec.ts';
import type { TextRef } from '../spec/spec.ts';
import type { StudyState } from '../studies/contract.ts';
import type { DerivedForm } from '../studies/context.ts';
import type { Bos, BosSetting } from '../model/bos.ts';
import type { CachedRepository, Variant } from '../model/remote/hub.ts';

export type { SelfTestReport };

export type ModelSource =
  /** A bundled model, `public/models/<id>/`. */
  | { kind: 'bundled'; id: string }
  /**
   * Files picked or dropped: a folder in the layout of a hub repository, or single files. Paths are
   * relative. `graph` selects one of several.
   */
  | { kind: 'files'; files: { path: string; file: File }[]; graph?: string }
  | RemoteSource;

/** A model on a hub or at an address, as `referenceId` writes it. `hub` is the hub's address. */
export interface RemoteSource {
  kind: 'remote';
  id: string;
  hub: string;
}

export type ProviderChoice = 'auto' | ProviderKind;

/** Estimated memory in bytes; `model/memory.ts` defines the parts. */
export interface MemoryNeed {
  weights: number;
  activations: number;
  workspace: number;
  total: number;
  limit: number;
}

/** Known after reading only the headers, before anything is loaded into the runtime. */
export interface Inspection {
  facts: ModelFacts;
  /** Why this model cannot run here, or null. */
  refusal: { code: ErrorCode; values: ErrorValues } | null;
  need: MemoryNeed;
}

export interface Picture {
  /** Row-major, `height × width`, cut 1:1 from the top left corner of the matrix. */
  width: number;
  height: number;
  weights: Float32Array;
  noise: Float32Array;
  /** Rank-r LoRA delta s·B·A with new A and B. B is random as well, to give a visible picture. */
  delta: Float32Array;
}

/** A trained or imported adapter that the worker holds. */
export interface AdapterSummary {
  /** `race/adarank`, `train`, `imported`, … */
  name: string;
  base: 'as-is' | DerivedForm;
  /** By module index; 0: none. */
  ranks: number[];
  /** Whether the head has an adapter as well. */
  head: boolean;
  parameters: number;
  /** Whether it was trained for every rank up to its own. */
  anyRank: boolean;
}

/**
 * A file for download. A model too large for one file comes as two; the second is named `dataName`,
 * and the first refers to it by that name.
 */
export interface SavedFile {
  name: string;
  content: Blob;
}

/** Contents of the bundled texts an experiment names, by id. */
export type Texts = Record<string, string>;

export interface Requests {
  /** Lists the graphs that a remote model offers, smallest first. */
  variants: {
    ask: { source: RemoteSource };
    answer: { repository: string; commit: string; variants: Variant[] };
  };
  /** Lists the cached models of a hub. */
  cachedModels: { ask: { hub: string }; answer: { repositories: CachedRepository[] } };
  /** Deletes a model from the cache. */
  forgetModel: { ask: { hub: string; repository: string }; answer: Record<string, never> };
  /** Reads a model's headers. */
  inspect: {
    ask: { source: ModelSource; sequences: number; length: number; provider: ProviderChoice };
    answer: Inspection;
  };
  /** Loads a model into the runtime in place of the current one, and runs the self-test. */
  open: {
    ask: { source: ModelSource; provider: ProviderChoice };
    /** `limit`: bytes a page may use on this machine with this provider. */
    answer: {
      facts: ModelFacts;
      provider: ProviderInfo;
      selfTest: SelfTestReport;
      memory: ModelMemory;
      limit: number;
      providers: ProviderKind[];
    };
  };
  /** Probes one module and returns the details. */
  explain: {
    ask: { spec: ExperimentSpec; texts: string; module: number; repeat: number };
    answer: ProbeDetail & { labels: string[] };
  };
  picture: {
    ask: { spec: ExperimentSpec; module: number; repeat: number; rank: number };
    answer: Picture;
  };
  /**
   * Starts a study in place of the current one and pushes its states. Answers when the study ends;
   * pauses do not end it. `finished` is false if it was cancelled.
   */
  study: {
    ask: {
      /** Number of the run. The page ignores messages of earlier runs. */
      run: number;
      study: StudyKind;
      spec: ExperimentSpec;
      texts: Texts;
      importances: number[] | null;
      /** A checkpoint built from the visible state (`Study.checkpointOf`). */
      from?: unknown;
      paused?: boolean;
    };
    answer: { finished: boolean };
  };
  /**
   * Memory in bytes that a study needs in addition to the model with these settings, and the
   * available memory. `needed` is null if the study trains nothing.
   */
  need: {
    ask: { study: StudyKind; spec: ExperimentSpec };
    answer: { needed: number | null; allowed: number };
  };
  /** Deletes the checkpoint of a study, which then starts from the beginning. */
  forget: { ask: { study: StudyKind; spec: ExperimentSpec }; answer: Record<string, never> };
  /** Exports and imports an adapter as PEFT's two files. Imported adapters are named `imported`. */
  exportAdapter: {
    ask: { name: string; rank?: number };
    answer: { files: { name: string; bytes: Uint8Array<ArrayBuffer> }[] };
  };
  importAdapter: {
    ask: { config: Uint8Array<ArrayBuffer>; weights: Uint8Array<ArrayBuffer> };
    answer: { adapter: AdapterSummary };
  };
  /**
   * Returns one file of a compressed model, after this many accepted steps: the factors, or the
   * export with their product.
   */
  exportCompressed: {
    ask: {
      result: Pick<CompressResult, 'trials' | 'accepted' | 'spec'>;
      steps: number;
      file: CompressedFileName;
      dataName: string;
    };
    answer: { files: SavedFile[] };
  };
  /** Returns one file of a finished pruning run, identified by its experiment. */
  exportPruned: {
    ask: { spec: ExperimentSpec; file: PrunedFileName; dataName: string };
    answer: { files: SavedFile[] };
  };
  /**
   * Held-out loss with and without an adapter in nats per token, and the number of predicted
   * tokens.
   */
  judge: {
    ask: { name: string; rank?: number; spec: ExperimentSpec; texts: Texts };
    answer: { base: number; adapted: number; tokens: number };
  };
  /** Fetches the worker's code for studies, so that it is available offline. */
  fetchStudies: { ask: Record<string, never>; answer: Record<string, never> };
  /** The BOS tokens before a text of this kind. */
  bos: { ask: { kind: TextRef['kind']; bos: BosSetting }; answer: Bos };
  /** Tokenises a text as the run would. */
  count: {
    ask: { spec: ExperimentSpec; texts: string };
    answer: { tokens: number; sequences: number; length: number };
  };
}

export type RequestName = keyof Requests;

export type ToWorker =
  | {
      [K in RequestName]: { kind: 'ask'; id: number; name: K; ask: Requests[K]['ask'] };
    }[RequestName]
  /** Aborts reading a model. What has been downloaded stays in the cache. */
  | { kind: 'stop-reading' }
  /**
   * Controls a run between two events. `step` continues to the end of the next step and pauses
   * there.
   */
  | { kind: 'control'; action: 'pause' | 'resume' | 'step' | 'cancel' };

export type Progress =
  /** Bytes of the runtime and the model; total 0: unknown. */
  | { phase: 'download'; what: 'runtime' | 'model'; loaded: number; total: number }
  | { phase: 'compile' | 'sessions' | 'self-test' };

export type FromWorker =
  | {
      [K in RequestName]: { kind: 'reply'; id: number; name: K; answer: Requests[K]['answer'] };
    }[RequestName]
  | { kind: 'failed'; id: number; code: ErrorCode; values: ErrorValues; message: string }
  | { kind: 'progress'; progress: Progress }
  /** Progress of making an experiment's base, 0 to 1; null: done or cancelled. */
  | { kind: 'base'; making: { base: Exclude<BaseKind, 'as-is'>; share: number } | null }
  /** Self-test results of kernels first used after the model was opened. */
  | { kind: 'tested'; checks: SelfTestReport['checks'] }
  /**
   * Until the next such message, this worker may be silent for this many seconds, and is stuck if
   * silent for longer; null: no limit. See `watch.ts`.
   */
  | { kind: 'silent'; seconds: number | null }
  /** A warning; the run continues. */
  | { kind: 'warning'; code: ErrorCode; values: ErrorValues }
  /** The state of a study; at most ten messages a second. */
  | ({ kind: 'study' } & StudyNews);

export interface StudyNews {
  run: number;
  state: StudyState;
  /** 0 to 1. */
  progress: number;
  /** Whether the run waits: a pause has begun, or a step has ended. */
  waiting: boolean;
  memory: ModelMemory;
  adapters: AdapterSummary[];
}
