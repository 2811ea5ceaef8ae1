/** The page's glossary, in every language. Loaded when a definition is first shown. */
import type { Language } from '../language/language.ts';
import * as en from './glossary.en.ts';
import * as ja from './glossary.ja.ts';

export type Term = keyof typeof en.glossary;

export interface Glossary {
  glossaryNames: Record<Term, string>;
  glossary: Record<Term, string>;
}

export const glossaries: Record<Language, Glossary> = { en, ja };
export const TERMS = Object.keys(en.glossary) as Term[];
