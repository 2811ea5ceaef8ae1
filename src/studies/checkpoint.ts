/**
 * Where a study stands, so that it outlives a reload, a lost device or a thread that died. What is
 * in a checkpoint is its study's own affair, but it is plain data that survives structured cloning.
 */
import { sha256 } from '../model/sha256.ts';
import { isOnBase, MAKER } from './base-kinds.ts';
import type { ExperimentSpec, StudyKind } from '../experiment/spec.ts';

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

const STUDIES: readonly StudyKind[] = ['race', 'slider', 'prune', 'compress', 'samples'];

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
  const uses = (key: string) =>
    key === study ||
    (isOnBase(study) && key === MAKER[spec.base]) ||
    !(STUDIES as readonly string[]).includes(key);
  const settings = Object.entries(spec).filter(
    ([key]) => key !== 'study' && uses(key) && (key !== 'base' || isOnBase(study)),
  );
  // Whether the experiment names the file's hash is one thing, which file it is another.
  const [model] = [spec.model.id];
  const text = JSON.stringify([
    version,
    model,
    modelHash,
    settings.filter(([key]) => key !== 'model'),
  ]);
  return `${study} ${sha256(new TextEncoder().encode(text))}`;
}
