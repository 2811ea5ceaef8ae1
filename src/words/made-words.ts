/** The words for what a study made of the model, in every language. */
import { madeEn } from './made.en.ts';
import { madeJa } from './made.ja.ts';

export const madeWords = { en: madeEn, ja: madeJa };
