/** The words of the current language as a hook. */
import { useView, type Language } from '../state/view-store.ts';
import { en, type Words } from '../words/en.ts';

/** English is bundled. Another language is fetched on first use. */
const loaded = new Map<Language, Words>([['en', en]]);

export async function loadWords(language: Language): Promise<void> {
  if (language === 'ja' && !loaded.has('ja')) loaded.set('ja', (await import('../words/ja.ts')).ja);
}

export const useWords = (): Words => loaded.get(useView((v) => v.language)) ?? en;
