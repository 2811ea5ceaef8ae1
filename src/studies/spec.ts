/**
 * An experiment as a plain, versioned object, which the form, the link and the command line all
 * produce. Each study adds its settings under its own name.
 */
import type { CommonSpec } from '../spec/spec.ts';
import type { BaseKind } from './base-kinds.ts';
import type { StudyKind, StudySettings } from './registry.ts';

export interface ExperimentSpec extends CommonSpec, StudySettings {
  /**
   * The model that studies measure, train and generate with. The two studies that make a base
   * always start from the original model.
   */
  base: BaseKind;
  /** The study that runs and that the page shows. */
  study: StudyKind;
}

export type { StudyKind };
