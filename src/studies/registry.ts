/** All studies by name, in the order of the tabs. No study is listed elsewhere. */
import type * as z from 'zod/mini';
import { agree } from './agree/study.ts';
import { compress } from './compress/study.ts';
import type { Study, StudyState } from './contract.ts';
import { map } from './map/study.ts';
import { prune } from './prune/study.ts';
import { race } from './race/study.ts';
import { samples } from './samples/study.ts';
import { train } from './train/study.ts';

export const studies = { map, agree, race, train, prune, compress, samples };

type Registered = typeof studies;
export type StudyKind = keyof Registered;

/** The settings of each study, as an experiment has them. */
export type StudySettings = {
  [K in StudyKind as Registered[K]['settings'] extends null ? never : K]: z.output<
    NonNullable<Registered[K]['settings']>
  >;
};

/** The state type of each study. */
export type StudyStates = {
  [K in StudyKind]: ReturnType<Awaited<ReturnType<Registered[K]['code']>>['reduce']>;
};

/** A study whose name is known only at run time. Its settings and state are opaque here. */
export const studyOf = (name: StudyKind): Study<unknown, StudyState> =>
  studies[name] as unknown as Study<unknown, StudyState>;

export const STUDIES = Object.keys(studies) as [StudyKind, ...StudyKind[]];

export const isStudy = (name: string): name is StudyKind => Object.hasOwn(studies, name);
