/** Words of an embedded page, in every language. Loaded with that page. */
import type { Language } from '../language/language.ts';
import { embedEn, type EmbedWords } from './embed.en.ts';
import { embedJa } from './embed.ja.ts';

export const embedWords: Record<Language, EmbedWords> = { en: embedEn, ja: embedJa };
