/** Words for the model that a study produces, in every language. */
import { derivedEn } from './derived.en.ts';
import { derivedJa } from './derived.ja.ts';

export const derivedWords = { en: derivedEn, ja: derivedJa };
