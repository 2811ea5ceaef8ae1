/** Words for models on a hub or at an address, in every language. Loaded with the picker. */
import type { Language } from '../language/language.ts';
import { remoteEn, type RemoteWords } from './remote.en.ts';
import { remoteJa } from './remote.ja.ts';

export const remoteWords: Record<Language, RemoteWords> = {
  en: remoteEn,
  ja: remoteJa,
};
