/**
 * The words of the studies' plates, in every language. They come with the first plate: nobody needs
 * them before.
 */
import type { Language } from '../../state/view-store.ts';
import { agreeEn } from './agree.en.ts';
import { agreeJa } from './agree.ja.ts';
import { compressEn } from './compress.en.ts';
import { compressJa } from './compress.ja.ts';
import type { Words } from './en.ts';
import { madeEn } from './made.en.ts';
import { madeJa } from './made.ja.ts';
import { pruneEn } from './prune.en.ts';
import { pruneJa } from './prune.ja.ts';
import { raceEn } from './race.en.ts';
import { raceJa } from './race.ja.ts';
import { samplesEn } from './samples.en.ts';
import { samplesJa } from './samples.ja.ts';
import { sliderEn } from './slider.en.ts';
import { sliderJa } from './slider.ja.ts';

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
