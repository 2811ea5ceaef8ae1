/** The digest of the visible result of a study, for a link and for its comparison with a link. */
import { studyChanges } from '../experiment/settings.ts';
import type { LinkContents } from '../experiment/link.ts';
import {
  compareStudy,
  studyDigest,
  type Evidence,
  type StudyComparison,
  type StudyDigest,
} from '../studies/digest.ts';
import { manifestOf } from '../studies/manifest-of.ts';
import type { ExperimentSpec } from '../studies/spec.ts';
import { useStudy } from './study-store.ts';

/** Evidence of the visible finished result of the experiment's study; null if there is none. */
async function evidenceNow(spec: ExperimentSpec): Promise<Evidence | null> {
  const { study } = spec;
  const { states, specs } = useStudy.getState();
  const state = states[study];
  const ran = specs[study];
  if (!state?.result || !ran || studyChanges(study, ran, spec).length > 0) return null;
  return (await manifestOf(study).report()).evidence?.(state) ?? null;
}

/**
 * Compares the visible result of the link's study with the link's. Null: there is none here yet.
 * `damaged`: the link's digest cannot be read.
 */
export async function compareWithLink({
  spec,
  digest,
  run,
}: LinkContents): Promise<StudyComparison | 'damaged' | null> {
  const evidence = run && (await evidenceNow(spec));
  return evidence ? (compareStudy(run, evidence, digest?.model) ?? 'damaged') : null;
}

/** The digest of the study in view for a link; null without a finished result. */
export async function digestNow(
  spec: ExperimentSpec,
  { withModel }: { withModel: boolean },
): Promise<StudyDigest | null> {
  const evidence = await evidenceNow(spec);
  if (!evidence) return null;
  const { model, ...digest } = studyDigest(evidence);
  return withModel ? { model, ...digest } : digest;
}
