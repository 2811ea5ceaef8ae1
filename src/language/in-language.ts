/** Selects a catalogue of words by the language of the page. */
import type { Language } from './language.ts';

/** `locale`: that of the page's words. */
export const inLanguage = <W>(catalogue: Record<Language, W>, { locale }: { locale: string }): W =>
  catalogue[locale as Language];
