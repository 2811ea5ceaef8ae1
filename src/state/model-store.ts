/** The model and its engine: what is open, its memory, what is being opened, and failures. */
import { create } from 'zustand';
import type { ErrorCode, ErrorValues } from '../errors.ts';
import type { ModelMemory, ProviderInfo, ProviderKind } from '../engine/engine.ts';
import type { MeasuredModule } from '../studies/map/result.ts';
import type { ModelFacts } from '../studies/map/events.ts';
import type { BundledModel } from '../model/bundled-files.ts';
import type { PickedFile } from '../model/picked-files.ts';
import type {
  FromWorker,
  Inspection,
  ModelSource,
  Progress,
  ProviderChoice,
  Requests,
  SelfTestReport,
} from '../worker/protocol.ts';

/** A bundled text, `public/texts/index.json`. */
export interface BundledText {
  id: string;
  title: string;
  file: string;
  split: string;
  licence: string;
  source: string;
  bytes: number;
}

/** A model in the picker, before it is opened. */
export interface Candidate {
  source: ModelSource;
  name: string;
  inspection: Inspection | null;
  failure: Failure | null;
  /** The graphs that a repository offers, of which the user chooses one. */
  offer?: Requests['variants']['answer'];
}

export interface Failure {
  code: ErrorCode;
  values: ErrorValues;
}

/** Files with several adapters, and their folders, of which the user chooses one. */
export interface AdapterChoice {
  files: readonly PickedFile[];
  folders: readonly string[];
}

export interface ModelState {
  models: readonly BundledModel[];
  texts: readonly BundledText[];
  source: ModelSource | null;
  facts: ModelFacts | null;
  /**
   * Shape of the model that is opened first, so that the empty map appears before the model is
   * loaded.
   */
  outline: { layers: number; modules: readonly MeasuredModule[] } | null;
  choice: ProviderChoice;
  provider: ProviderInfo | null;
  /** Providers that work here. */
  providers: readonly ProviderKind[];
  selfTest: SelfTestReport | null;
  memory: ModelMemory | null;
  /** Bytes a page may use on this machine; 0 until a model is open. */
  limit: number;
  /** Bytes read so far by part, while loading. */
  download: Record<'runtime' | 'model', { loaded: number; total: number }>;
  phase: Progress['phase'] | null;
  /** Whether a model is available for computation: loading, open, or none. */
  engine: 'loading' | 'open' | 'none';
  /** The base that is being made before a run can start on it. */
  making: Extract<FromWorker, { kind: 'base' }>['making'];
  /** The picker's candidate. */
  candidate: Candidate | null;
  /** The failure that the banner shows until it is dismissed or replaced. */
  failure: (Failure & { adapters?: AdapterChoice }) | null;
  /** The provider that failed its self-test and was replaced by the other one. */
  distrusted: Failure | null;
}

const nothing = { runtime: { loaded: 0, total: 0 }, model: { loaded: 0, total: 0 } };

export const useModel = create<
  ModelState & { set(patch: Partial<ModelState>): void; progress(p: Progress): void }
>()((set) => ({
  models: [],
  texts: [],
  source: null,
  facts: null,
  outline: null,
  choice: 'auto',
  provider: null,
  providers: [],
  selfTest: null,
  memory: null,
  limit: 0,
  download: nothing,
  phase: null,
  engine: 'loading',
  making: null,
  candidate: null,
  failure: null,
  distrusted: null,
  set,
  progress(p) {
    if (p.phase === 'download')
      set((s) => ({
        phase: p.phase,
        download: { ...s.download, [p.what]: { loaded: p.loaded, total: p.total } },
      }));
    else set({ phase: p.phase });
  },
}));

export const resetDownload = () => useModel.setState({ download: nothing, phase: null });
