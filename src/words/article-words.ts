/** Words of the article, in every language. Loaded with the article. */
import type { Language } from '../language/language.ts';
import { articleEn, type ArticleWords } from './article.en.ts';
import { articleJa } from './article.ja.ts';

export const articleWords: Record<Language, ArticleWords> = { en: articleEn, ja: articleJa };

export type SymbolName = keyof ArticleWords['symbols'];
