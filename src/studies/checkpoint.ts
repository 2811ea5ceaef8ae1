/**
 * Checkpoints of a study, from which it resumes after a reload, a lost device or a crashed worker.
 * Each study defines its own content: plain data that survives structured cloning.
 */
import { sha256 } from '../model/sha256.ts';
import { isOnBase, makerOf } from './base-kinds.ts';
import { studyOf, type StudyKind } from './registry.ts';
import type { ExperimentSpec } from './spec.ts';

/**
 * A study offers its checkpoints here and finds the one to resume from. The caller that runs the
 * study decides when to save, and where.
 */
export interface CheckpointPort {
  /**
   * The checkpoint of an earlier run of the same experiment; undefined: start from the beginning.
   */
  readonly from?: unknown;
  /**
   * The study calls this whenever the result of `take` changes its meaning. The caller may call
   * `take` until the next offer, and only while the study waits between two events.
   */
  offer(take: () => Promise<unknown>): void;
}

/**
 * Two experiments with equal keys can resume from each other's checkpoints. The key covers the
 * version, the model file and the settings that affect the study's numbers.
 */
export function checkpointKey(
  study: StudyKind,
  spec: ExperimentSpec,
  modelHash: string,
  version: string,
): string {
  const text = JSON.stringify([version, spec.model.id, modelHash, settingsUsed(study, spec)]);
  return `${study} ${sha256(new TextEncoder().encode(text))}`;
}

/**
 * The settings that affect a study's numbers, by name. `model` is left out: the key holds the hash
 * of its file.
 */
export function settingsUsed(study: StudyKind, spec: ExperimentSpec): [string, unknown][] {
  const maker = isOnBase(study) ? makerOf(spec.base) : null;
  const used = new Set<string>([
    ...studyOf(study).uses(spec),
    study,
    ...(maker === null ? [] : ['base', 'seed', 'bos', 'training', maker]),
  ]);
  return Object.entries(spec).filter(([key]) => key !== 'model' && used.has(key));
}
