/** A link to another site. It opens apart from the page, which may hold a run. */
import type { ReactNode } from 'react';
import { useWords } from '../use-words.ts';
import { articleWords } from '../../words/article-words.ts';
import { inLanguage } from '../../language/in-language.ts';

export function External({ to, children }: { to: string; children: ReactNode }) {
  const { newTab } = inLanguage(articleWords, useWords());
  return (
    <a href={to} target="_blank" rel="noopener noreferrer">
      {children}
      <span className="hidden-visually"> {newTab}</span>
    </a>
  );
}
