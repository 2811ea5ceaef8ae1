/** The agreement study's words by language. */
import type { Language } from '../../language/language.ts';
import { agreeEn } from './words.en.ts';
import { agreeJa } from './words.ja.ts';

export const agreeWords: Record<Language, typeof agreeEn> = { en: agreeEn, ja: agreeJa };
