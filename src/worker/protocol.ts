/**
 * The messages between the page and the thread the engine lives in. Plain data only: all of it
 * survives structured cloning.
 *
 * Requests carry an `id` and are answered once (`reply` or `failed`); progress and run events are
 * pushed. There is one model and at most one run at a time.
 */
import type { ErrorCode, ErrorValues } from '../errors.ts';
import type { ProbeDetail, ProviderInfo, ProviderKind, MemoryUse } from '../engine/engine.ts';
import type { SelfTestReport } from '../engine/check/self-test.ts';
import type { BaseKind } from '../studies/base-kinds.ts';
import type { CompressedFileName } from '../studies/compress/export.ts';
import type { CompressResult } from '../studies/compress/state.ts';
import type { ModelFacts } from '../studies/map/events.ts';
import type { PrunedFileName } from '../studies/prune/files.ts';
import type { ExperimentSpec, StudyKind } from '../studies/spec.ts';
import type { TextRef } from '../spec/spec.ts';
import type { StudyState } from '../studies/contract.ts';
import type { WeightForm } from '../studies/context.ts';
import type { Bos, BosSetting } from '../model/bos.ts';
import type { KeptRepository, Variant } from '../model/remote/hub.ts';

export type { SelfTestReport };

export type ModelSource =
  /** A model that ships with the page, `public/models/<id>/`. */
  | { kind: 'bundled'; id: string }
  /**
   * Files picked or dropped: a folder laid out like a hub repository, or loose files. Paths are
   * relative; `graph`: which of several.
   */
  | { kind: 'files'; files: { path: string; file: File }[]; graph?: string }
  | RemoteSource;

/**
 * A model on a hub or at an address, as `referenceId` writes it; `hub` is the hub's own address.
 */
export interface RemoteSource {
  kind: 'remote';
  id: string;
  hub: string;
}

export type ProviderChoice = 'auto' | ProviderKind;

/** What one part of the memory bar means is said in `model/memory.ts`; all in bytes. */
export interface MemoryNeed {
  weights: number;
  activations: number;
  workspace: number;
  total: number;
  limit: number;
}

/** What is known after reading headers only, before anything is loaded into the runtime. */
export interface Inspection {
  facts: ModelFacts;
  /** Why this model cannot run here, or null. */
  refusal: { code: ErrorCode; values: ErrorValues } | null;
  need: MemoryNeed;
}

export interface Picture {
  /** Row-major, `height × width`, sampled 1:1 from the top left corner of the matrix. */
  width: number;
  height: number;
  weights: Float32Array;
  noise: Float32Array;
  /**
   * Rank-r LoRA delta s·B·A, freshly initialised A and B (B drawn too, so that there is something
   * to see).
   */
  delta: Float32Array;
}

/** A trained or imported adapter that the thread keeps. */
export interface AdapterSummary {
  /** `race/adarank`, `train`, `imported`, … */
  name: string;
  base: 'as-is' | WeightForm;
  /** By module index; 0: none. */
  ranks: number[];
  /** The vocabulary product has an adapter, too. */
  head: boolean;
  parameters: number;
  /** Good at every rank up to its own. */
  anyRank: boolean;
}

/**
 * A file to be saved. A model too large for one comes as two: the second is what was asked for as
 * `dataName`, and is read under that name.
 */
export interface SavedFile {
  name: string;
  content: Blob;
}

/** Contents of the bundled texts an experiment names, by id. */
export type Texts = Record<string, string>;

export interface Requests {
  /** The graphs that a model elsewhere is offered as, smallest first. */
  variants: {
    ask: { source: RemoteSource };
    answer: { repository: string; commit: string; variants: Variant[] };
  };
  /** Models from a hub whose files are kept on this machine. */
  kept: { ask: { hub: string }; answer: { repositories: KeptRepository[] } };
  /** Lets go of what is kept of one. */
  forgetModel: { ask: { hub: string; repository: string }; answer: Record<string, never> };
  /** Read a model's headers. */
  inspect: {
    ask: { source: ModelSource; sequences: number; length: number; provider: ProviderChoice };
    answer: Inspection;
  };
  /** Load a model into the runtime, replacing the current one; runs the self-test. */
  open: {
    ask: { source: ModelSource; provider: ProviderChoice };
    /** `limit`: bytes a page may take on this machine with this provider. */
    answer: {
      facts: ModelFacts;
      provider: ProviderInfo;
      selfTest: SelfTestReport;
      memory: MemoryUse;
      limit: number;
      providers: ProviderKind[];
    };
  };
  /** Probe one module in the open. */
  explain: {
    ask: { spec: ExperimentSpec; texts: string; module: number; repeat: number };
    answer: ProbeDetail & { labels: string[] };
  };
  picture: {
    ask: { spec: ExperimentSpec; module: number; repeat: number; rank: number };
    answer: Picture;
  };
  /**
   * Start a study in place of the one under way; its states follow. Answered when it is done,
   * pauses included. `cancelled` if reset.
   */
  study: {
    ask: {
      /** A number of its own: what is said of an earlier run is nobody's any more. */
      run: number;
      study: StudyKind;
      spec: ExperimentSpec;
      texts: Texts;
      importances: number[] | null;
      /** A checkpoint made of what is in view (`Study.checkpointOf`). */
      from?: unknown;
      paused?: boolean;
    };
    answer: { finished: boolean };
  };
  /**
   * What a study would take beside the model with these settings, and what may be taken, in bytes;
   * `needed` null: it trains nothing.
   */
  need: {
    ask: { study: StudyKind; spec: ExperimentSpec };
    answer: { needed: number | null; allowed: number };
  };
  /** A study is to begin anew: its checkpoint goes. */
  forget: { ask: { study: StudyKind; spec: ExperimentSpec }; answer: Record<string, never> };
  /** Adapters as PEFT's two files, out and in; imported ones are called `imported`. */
  exportAdapter: {
    ask: { name: string; rank?: number };
    answer: { files: { name: string; bytes: Uint8Array<ArrayBuffer> }[] };
  };
  importAdapter: {
    ask: { config: Uint8Array<ArrayBuffer>; weights: Uint8Array<ArrayBuffer> };
    answer: { adapter: AdapterSummary };
  };
  /**
   * A compression's files: the factors of what was cut, and the export with their product put in;
   * so many of its steps.
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
  /** One file of a finished pruning, told by the experiment it was run with. */
  exportPruned: {
    ask: { spec: ExperimentSpec; file: PrunedFileName; dataName: string };
    answer: { files: SavedFile[] };
  };
  /** Held-out loss without and with an adapter, nats per token, over so many predicted tokens. */
  judge: {
    ask: { name: string; rank?: number; spec: ExperimentSpec; texts: Texts };
    answer: { base: number; adapted: number; tokens: number };
  };
  /** Fetch the thread's code that studies need, so that it is there without a connection. */
  fetchStudies: { ask: Record<string, never>; answer: Record<string, never> };
  /** What stands before a text of this kind. */
  bos: { ask: { kind: TextRef['kind']; bos: BosSetting }; answer: Bos };
  /** Tokens of a text, counted as the run would cut it. */
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
  /** Call off the reading of a model: what has arrived is kept. */
  | { kind: 'stop-reading' }
  /**
   * Reach a run between two events. `step` goes on to where the next step ends, and stands there.
   */
  | { kind: 'control'; action: 'pause' | 'resume' | 'step' | 'cancel' };

export type Progress =
  /** Bytes of the runtime and the model. total 0 = unknown. */
  | { phase: 'download'; what: 'runtime' | 'model'; loaded: number; total: number }
  | { phase: 'compile' | 'sessions' | 'self-test' };

export type FromWorker =
  | {
      [K in RequestName]: { kind: 'reply'; id: number; name: K; answer: Requests[K]['answer'] };
    }[RequestName]
  | { kind: 'failed'; id: number; code: ErrorCode; values: ErrorValues; message: string }
  | { kind: 'progress'; progress: Progress }
  /**
   * How far the base of an experiment is that is being made, 0 to 1; null: it is there, or given
   * up.
   */
  | { kind: 'base'; making: { base: Exclude<BaseKind, 'as-is'>; share: number } | null }
  /** What the self-test found of kernels that were first asked for after the model was opened. */
  | { kind: 'tested'; checks: SelfTestReport['checks'] }
  /**
   * Until it is said again, this thread may be silent for so many seconds, and is stuck if it is
   * silent longer; null: however long. See `watch.ts`.
   */
  | { kind: 'silent'; seconds: number | null }
  /** Something to know that stops nothing. */
  | { kind: 'warning'; code: ErrorCode; values: ErrorValues }
  /** Where a study stands: at most ten messages a second. */
  | ({ kind: 'study' } & StudyNews);

export interface StudyNews {
  run: number;
  state: StudyState;
  /** 0 to 1. */
  progress: number;
  /** It waits: a pause has begun, or a step has ended. */
  standing: boolean;
  memory: MemoryUse;
  adapters: AdapterSummary[];
}
