/** The race's words by language. */
import type { Language } from '../../language/language.ts';
import { raceEn } from './words.en.ts';
import { raceJa } from './words.ja.ts';

export const raceWords: Record<Language, typeof raceEn> = { en: raceEn, ja: raceJa };
