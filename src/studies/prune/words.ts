/** The prune study's words by language. */
import type { Language } from '../../language/language.ts';
import { pruneEn } from './words.en.ts';
import { pruneJa } from './words.ja.ts';

export const pruneWords: Record<Language, typeof pruneEn> = { en: pruneEn, ja: pruneJa };
