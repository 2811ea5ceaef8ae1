/** The samples study's words by language. */
import type { Language } from '../../language/language.ts';
import { samplesEn } from './words.en.ts';
import { samplesJa } from './words.ja.ts';

export const samplesWords: Record<Language, typeof samplesEn> = { en: samplesEn, ja: samplesJa };
