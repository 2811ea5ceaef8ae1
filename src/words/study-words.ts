/**
 * The words of the studies' plates, in every language. They come with the first plate: nobody needs
 * them before.
 */
import type { Language } from '../state/view-store.ts';
import { agreeEn } from '../studies/agree/words.en.ts';
import { agreeJa } from '../studies/agree/words.ja.ts';
import { compressEn } from '../studies/compress/words.en.ts';
import { compressJa } from '../studies/compress/words.ja.ts';
import type { Words } from './en.ts';
import { madeEn } from './made.en.ts';
import { madeJa } from './made.ja.ts';
import { pruneEn } from '../studies/prune/words.en.ts';
import { pruneJa } from '../studies/prune/words.ja.ts';
import { raceEn } from '../studies/race/words.en.ts';
import { raceJa } from '../studies/race/words.ja.ts';
import { samplesEn } from '../studies/samples/words.en.ts';
import { samplesJa } from '../studies/samples/words.ja.ts';
import { sliderEn } from '../studies/slider/words.en.ts';
import { sliderJa } from '../studies/slider/words.ja.ts';

const english = {
  race: raceEn,
  agree: agreeEn,
  slider: sliderEn,
  prune: pruneEn,
  compress: compressEn,
  samples: samplesEn,
  made: madeEn,
};

export type StudyWords = typeof english;

export const studyWords: Record<Language, StudyWords> = {
  en: english,
  ja: {
    race: raceJa,
    agree: agreeJa,
    slider: sliderJa,
    prune: pruneJa,
    compress: compressJa,
    samples: samplesJa,
    made: madeJa,
  },
};

/** The studies' words in the language of the others. */
export const ofStudies = ({ locale }: Pick<Words, 'locale'>): StudyWords =>
  studyWords[locale as Language];
