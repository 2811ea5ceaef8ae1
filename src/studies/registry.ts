/**
 * All studies by name, from the two lists: `studies.ts`, and `manifests.ts` for the schema and the
 * page. This file imports only types of the second, so the engine's thread loads no schemas.
 */
import type * as z from 'zod/mini';
import type { Study, StudyState } from './contract.ts';
import type * as manifests from './manifests.ts';
import * as studies from './studies.ts';

type Registered = typeof studies;
export type StudyKind = keyof Registered;

/** The settings of each study, as an experiment has them. */
export type StudySettings = {
  [K in StudyKind as (typeof manifests)[K]['settings'] extends null ? never : K]: z.output<
    NonNullable<(typeof manifests)[K]['settings']>
  >;
};

/** The state type of each study. */
export type StudyStates = {
  [K in StudyKind]: ReturnType<Awaited<ReturnType<Registered[K]['code']>>['reduce']>;
};

/** A study whose name is known only at run time. Its state is opaque here. */
export const studyOf = (name: StudyKind): Study<StudyState> =>
  studies[name] as unknown as Study<StudyState>;

/** All studies, in the order of the tabs. */
export const STUDIES = (Object.keys(studies) as [StudyKind, ...StudyKind[]]).sort(
  (a, b) => studies[a].order - studies[b].order,
);

export const isStudy = (name: string): name is StudyKind => Object.hasOwn(studies, name);
