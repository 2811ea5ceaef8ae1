/** Words for the model that a study produces, in every language. */
import { madeEn } from './made.en.ts';
import { madeJa } from './made.ja.ts';

export const madeWords = { en: madeEn, ja: madeJa };
