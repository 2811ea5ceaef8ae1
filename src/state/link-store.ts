/**
 * The experiment link the page was opened with, if any, and its comparison with a run on this
 * machine.
 */
import { create } from 'zustand';
import { elementAt } from '../checked.ts';
import { AtlasError } from '../errors.ts';
import { compareDigest, digestOf, type Comparison } from '../experiment/digest.ts';
import type { StudyComparison } from '../studies/digest.ts';
import { decodeLink, encodeLink, isLink, type LinkContents } from '../experiment/link.ts';
import { rankTable } from '../studies/map/rank-table.ts';
import type { RunResult } from '../studies/map/result.ts';
import { sameMeasurement } from '../experiment/settings.ts';
import { useExperiment } from './experiment-store.ts';
import type { Failure } from './model-store.ts';
import { useStudy } from './study-store.ts';

interface LinkState {
  contents: LinkContents | null;
  failure: Failure | null;
  /** The visible result of the link's study, compared with the link's. */
  compared: StudyComparison | 'damaged' | null;
}

export const useLink = create<LinkState>()(() => ({
  contents: null,
  failure: null,
  compared: null,
}));

/**
 * Reads the page's fragment into the experiment. Returns whether it held one. An unreadable link
 * leaves the defaults.
 */
export async function openLink(fragment: string): Promise<boolean> {
  if (!isLink(fragment)) return false;
  try {
    const contents = await decodeLink(fragment);
    useLink.setState({ contents, failure: null, compared: null });
    useExperiment.getState().replace(contents.spec);
    return true;
  } catch (error) {
    if (!(error instanceof AtlasError)) throw error;
    useLink.setState({ contents: null, failure: { code: error.code, values: error.values } });
    return false;
  }
}

export const closeLink = () => useLink.setState({ contents: null, failure: null, compared: null });

/** The visible finished result under the current allocation; null if there is none. */
export function resultNow(): RunResult | null {
  const shown = useStudy.getState().states.map;
  const { spec } = useExperiment.getState();
  if (!shown?.result || !sameMeasurement(shown.result.spec, spec)) return null;
  const { result } = shown;
  const { rows } = rankTable(
    { modules: result.modules, draws: shown.draws, error: shown.error },
    spec.allocation,
  );
  return {
    ...result,
    spec: { ...spec, model: result.spec.model, method: result.spec.method },
    modules: result.modules.map((m, i) => ({ ...m, rank: elementAt(rows, i).rank ?? m.rank })),
  };
}

/**
 * A link to the current experiment, with the digests of its map and of the study in view if they
 * have finished. Throws `long-link`.
 */
export async function linkNow(withText: boolean): Promise<string> {
  const result = resultNow();
  const { spec } = useExperiment.getState();
  const { digestNow } = await import('./study-digest.ts');
  const fragment = await encodeLink(result?.spec ?? spec, {
    digest: result && digestOf(result),
    // The map's digest names the model.
    run: await digestNow(spec, { withModel: !result }),
    withText,
  });
  const url = new URL(location.href);
  url.hash = fragment;
  return url.href;
}

/**
 * Compares the visible result with the link's; null if either is missing or they are of different
 * experiments.
 */
export function comparisonWith(
  contents: LinkContents,
  result: RunResult | null,
): Comparison | null {
  if (
    !contents.digest ||
    !result ||
    !sameMeasurement(result.spec, contents.spec) ||
    result.spec.method.repeats !== contents.spec.method.repeats
  )
    return null;
  return compareDigest(contents.digest, {
    ...result,
    spec: { ...result.spec, allocation: contents.spec.allocation },
  });
}
