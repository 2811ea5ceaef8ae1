/**
 * Where a study stands, so that it outlives a reload, a lost device or a thread that died. What is
 * in a checkpoint is its study's own affair, but it is plain data that survives structured cloning.
 */
import { sha256 } from '../model/sha256.ts';
import { isOnBase, makerOf } from './base-kinds.ts';
import { studyOf, type StudyKind } from './registry.ts';
import type { ExperimentSpec } from './spec.ts';

/**
 * Through this door a study leaves checkpoints, and takes one up; whoever runs the study decides
 * when, and stores them.
 */
export interface CheckpointDoor {
  /** Where an earlier run of the same experiment stood; undefined: begin anew. */
  readonly from?: unknown;
  /**
   * Called by the study whenever what `take` gives has changed its meaning. Until the next offer,
   * and only while the study waits between two events, `take` says where it stands.
   */
  offer(take: () => Promise<unknown>): void;
}

/**
 * Equal where a study may go on from the other's checkpoint: the same version, model file and
 * settings, as far as its numbers follow from them.
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

/** The settings that a study's numbers follow from, by name; the model is known by its file. */
export function settingsUsed(study: StudyKind, spec: ExperimentSpec): [string, unknown][] {
  const maker = isOnBase(study) ? makerOf(spec.base) : null;
  const used = new Set<string>([
    ...studyOf(study).uses(spec),
    study,
    ...(maker === null ? [] : ['base', 'seed', 'bos', 'training', maker]),
  ]);
  return Object.entries(spec).filter(([key]) => key !== 'model' && used.has(key));
}
