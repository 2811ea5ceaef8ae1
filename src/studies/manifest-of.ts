/** Looks up manifests of studies (`manifests.ts`), for schemas and for the page. */
import type { StudyManifest, StudyState } from './contract.ts';
import * as manifests from './manifests.ts';
import type { StudyKind } from './registry.ts';

manifests satisfies Record<StudyKind, unknown>;

/** The manifest of a study whose name is known only at run time. Its settings are opaque here. */
export const manifestOf = (name: StudyKind): StudyManifest<unknown, StudyState> =>
  manifests[name] as unknown as StudyManifest<unknown, StudyState>;
