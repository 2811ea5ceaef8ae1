/** The page's connection to the worker, and the requests that are not part of a run. */
import { AtlasError, type ErrorCode } from '../errors.ts';
import type { ExperimentSpec, StudyKind } from '../studies/spec.ts';
import { EngineClient } from '../worker/client.ts';
import { missingPart } from '../worker/missing-part.ts';
import type {
  ModelSource,
  Progress,
  Requests,
  SelfTestReport,
  StudyNews,
} from '../worker/protocol.ts';
import { useExperiment } from './experiment-store.ts';
import { resetDownload, useModel, type Failure } from './model-store.ts';
import { useStudy } from './study-store.ts';
import { textOf } from './texts.ts';

let onNews: (news: StudyNews) => void = () => undefined;
/** Registers the handler for messages about runs. */
export const takeStudyNews = (handler: typeof onNews) => {
  onNews = handler;
};

let onStuck: (failure: Failure) => void = () => undefined;
/** Registers the handler that takes over when the worker of the open model was stuck. */
export const takeStuck = (handler: typeof onStuck) => {
  onStuck = handler;
};

/**
 * The error for a stuck worker. It names the model in the picker or the open model; for a bundled
 * model, the text.
 */
function blame({ reading, seconds }: { reading: boolean; seconds: number }): AtlasError {
  const { candidate, source, facts } = useModel.getState();
  if (reading) return new AtlasError('stuck-reading', { file: candidate?.name ?? '', seconds });
  if (source?.kind === 'bundled' || !facts) return new AtlasError('stuck-text', { seconds });
  return new AtlasError('stuck-tokens', { file: facts.title, seconds });
}

/** Whether a model is open in the worker. */
export const engine = { open: false };

export const client = new EngineClient({
  progress: showProgress,
  study: (news) => onNews(news),
  base: (making) => useModel.setState({ making }),
  tested: showTested,
  warning: (error) => useModel.setState({ failure: failureOf(error) }),
  died: () => {
    engine.open = false;
    useModel.setState({ making: null });
  },
  blame,
  stuck: (error) => {
    const wasOpen = engine.open;
    engine.open = false;
    useModel.setState({ making: null });
    // While a model is being opened, the caller that opens it handles the error.
    if (wasOpen) onStuck(failureOf(error));
  },
});

/** Downloads report hundreds of small messages. The page shows the latest at most every 100 ms. */
const SHOWN_EVERY = 100;
let shownAt = 0;
let latest: Progress | null = null;
let later: ReturnType<typeof setTimeout> | undefined;

function showProgress(p: Progress): void {
  latest = p;
  const wait = shownAt + SHOWN_EVERY - performance.now();
  const midway = p.phase === 'download' && p.loaded < p.total;
  if (!midway || wait <= 0) return showLatest();
  later ??= setTimeout(showLatest, wait);
}

function showLatest(): void {
  clearTimeout(later);
  later = undefined;
  shownAt = performance.now();
  if (latest) useModel.getState().progress(latest);
  latest = null;
}

/** Adds later self-test results to those of loading, and shows a failure. */
function showTested(checks: SelfTestReport['checks']): void {
  const { selfTest, provider, set } = useModel.getState();
  const report = {
    ok: checks.every((c) => c.ok),
    checks: [...(selfTest?.checks ?? []), ...checks],
  };
  set({ selfTest: { ...report, ok: report.ok && selfTest?.ok !== false } });
  if (!report.ok)
    set({
      failure: distrustOf(
        { ok: false, checks },
        provider?.kind === 'webgpu' ? 'WebGPU' : 'WebAssembly',
      ),
    });
}

export function failureOf(error: unknown): Failure {
  const known = error instanceof AtlasError ? error : missingPart(error);
  if (known) return { code: known.code, values: known.values };
  return {
    code: 'worker-died',
    values: { why: error instanceof Error ? error.message : String(error) },
  };
}

export const ofCode = (error: unknown, ...codes: ErrorCode[]): boolean =>
  error instanceof AtlasError && codes.includes(error.code);

/** A failed self-test as a failure that describes its worst check. */
export function distrustOf(report: SelfTestReport, provider: string): Failure {
  const worst = report.checks
    .filter((c) => !c.ok)
    .sort((a, b) => b.error / b.allowed - a.error / a.allowed)[0];
  return {
    code: 'self-test',
    values: {
      provider,
      error: (worst?.error ?? NaN).toPrecision(2),
      allowed: (worst?.allowed ?? NaN).toPrecision(1),
    },
  };
}

/** Reads a model's headers for the picker. */
export async function inspectModel(source: ModelSource, name: string): Promise<void> {
  const { set, choice, provider, candidate: before } = useModel.getState();
  resetDownload();
  set({ candidate: { source, name, inspection: null, failure: null } });
  const { sequences, length } = useExperiment.getState().spec;
  const settle = (patch: object) => {
    const { candidate } = useModel.getState();
    if (candidate?.source === source) set({ candidate: { ...candidate, ...patch } });
  };
  try {
    settle({
      inspection: await client.ask('inspect', {
        source,
        sequences,
        length,
        provider: choice === 'auto' ? (provider?.kind ?? 'auto') : choice,
      }),
    });
  } catch (error) {
    // If cancelled, the previous candidate is restored.
    if (!ofCode(error, 'cancelled')) settle({ failure: failureOf(error) });
    // A previous candidate that was still being read is no longer read.
    else if (useModel.getState().candidate?.source === source)
      set({
        candidate: before && (before.inspection ?? before.failure ?? before.offer) ? before : null,
      });
  }
}

/** Probes one module under the settings of the visible measurement and returns the details. */
export async function explainModule(
  module: number,
  repeat: number,
): Promise<Requests['explain']['answer']> {
  const spec = useStudy.getState().states.map?.spec ?? useExperiment.getState().spec;
  return client.ask('explain', { spec, texts: await textOf(spec.text), module, repeat });
}

/** Images of a module's weight, of its noise in `repeat`, and of a new adapter of `rank`. */
export function pictureOf(
  module: number,
  repeat: number,
  rank: number,
): Promise<Requests['picture']['answer']> {
  const spec = useStudy.getState().states.map?.spec ?? useExperiment.getState().spec;
  return client.ask('picture', { spec, module, repeat, rank });
}

/** Bytes a study needs in addition to the model, and the available bytes. */
export const needOf = (
  study: StudyKind,
  spec: ExperimentSpec,
): Promise<Requests['need']['answer']> => client.ask('need', { study, spec });

/**
 * The BOS tokens before a text of this kind. Throws `no-bos`, and the errors of the model's files.
 */
export const bosOf = (ask: Requests['bos']['ask']): Promise<Requests['bos']['answer']> =>
  client.ask('bos', ask);

/** Tokenises an experiment's text as its run would. Throws `bad-text`. */
export async function countTokens(spec: ExperimentSpec): Promise<Requests['count']['answer']> {
  return client.ask('count', { spec, texts: await textOf(spec.text) });
}
