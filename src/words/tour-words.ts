/** Words of the tour, in every language. Loaded with the tour. */
import type { Language } from '../language/language.ts';
import { tourEn, type TourWords } from './tour.en.ts';
import { tourJa } from './tour.ja.ts';

export const tourWords: Record<Language, TourWords> = { en: tourEn, ja: tourJa };
