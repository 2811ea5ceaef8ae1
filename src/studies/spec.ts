/**
 * An experiment as a plain, versioned object: the one thing the form, the link and the command line
 * all produce. Each study adds its settings under its own name.
 */
import type { CommonSpec } from '../spec/spec.ts';
import type { BaseKind } from './base-kinds.ts';
import type { StudyKind, StudySettings } from './registry.ts';

export interface ExperimentSpec extends CommonSpec, StudySettings {
  /**
   * What is measured, trained on and written with. The two studies that make such a base always
   * begin with the model as it came.
   */
  base: BaseKind;
  /** What is run, and in view. */
  study: StudyKind;
}

export type { StudyKind };
