/** The train study's words by language. */
import type { Language } from '../../language/language.ts';
import { trainEn } from './words.en.ts';
import { trainJa } from './words.ja.ts';

export const trainWords: Record<Language, typeof trainEn> = { en: trainEn, ja: trainJa };
