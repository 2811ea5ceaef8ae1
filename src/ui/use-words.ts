/** The page's language as React sees it. */
import { useView, type Language } from '../state/view-store.ts';
import { en, type Words } from '../words/en.ts';

/** English is here from the start; another language is fetched when it is first wanted. */
const loaded = new Map<Language, Words>([['en', en]]);

export async function loadWords(language: Language): Promise<void> {
  if (language === 'ja' && !loaded.has('ja')) loaded.set('ja', (await import('../words/ja.ts')).ja);
}

export const useWords = (): Words => loaded.get(useView((v) => v.language)) ?? en;
