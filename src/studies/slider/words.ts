/** The words of the plate, in every language. */
import type { Language } from '../../language/language.ts';
import { sliderEn } from './words.en.ts';
import { sliderJa } from './words.ja.ts';

export const sliderWords: Record<Language, typeof sliderEn> = { en: sliderEn, ja: sliderJa };
