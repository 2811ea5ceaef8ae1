/** A catalogue of words in the language of the page's own. */
import type { Language } from './language.ts';

/** `locale`: of the page's words. */
export const inLanguage = <W>(catalogue: Record<Language, W>, { locale }: { locale: string }): W =>
  catalogue[locale as Language];
