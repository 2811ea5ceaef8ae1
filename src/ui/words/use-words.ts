/** The page's language as React sees it. */
import { useView } from '../../state/view-store.ts';
import { en, type Words } from './en.ts';
import { ja } from './ja.ts';

const languages = { en, ja } satisfies Record<string, Words>;

export const wordsOf = (language: keyof typeof languages): Words => languages[language];

export const useWords = (): Words => wordsOf(useView((v) => v.language));
