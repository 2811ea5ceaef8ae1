/**
 * Where a study stands, so that it outlives a reload, a lost device or a thread that died. What is
 * in a checkpoint is its study's own affair, but it is plain data that survives structured cloning.
 */
import { sha256 } from '../model/sha256.ts';
import { isOnBase, makerOf } from './base-kinds.ts';
import { isStudy, type StudyKind } from './registry.ts';
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
 * settings, those of other studies left out.
 */
export function checkpointKey(
  study: StudyKind,
  spec: ExperimentSpec,
  modelHash: string,
  version: string,
): string {
  const onBase = isOnBase(study);
  const uses = (key: string) =>
    !isStudy(key) || key === study || (onBase && key === makerOf(spec.base));
  const settings = Object.entries(spec).filter(
    ([key]) => key !== 'study' && key !== 'model' && uses(key) && (key !== 'base' || onBase),
  );
  // Whether the experiment names the file's hash is one thing, which file it is another.
  const text = JSON.stringify([version, spec.model.id, modelHash, settings]);
  return `${study} ${sha256(new TextEncoder().encode(text))}`;
}
