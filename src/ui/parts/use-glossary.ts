/** The glossary as a hook. Loaded on first use, because the first view shows no definition. */
import { useEffect, useReducer } from 'react';
import type { Language } from '../../language/language.ts';
import { useView } from '../../state/view-store.ts';
import type { Glossary } from '../../words/glossary.ts';

let loaded: Record<Language, Glossary> | null = null;

export async function loadGlossary(): Promise<void> {
  loaded ??= (await import('../../words/glossary.ts')).glossaries;
}

/** Null until the file has loaded. Loads it if `wanted`; a later want repeats a failed load. */
export function useGlossary(wanted: boolean): Glossary | null {
  const language = useView((v) => v.language);
  const [, arrived] = useReducer((n: number) => n + 1, 0);
  useEffect(() => {
    if (wanted && !loaded) void loadGlossary().then(arrived, () => undefined);
  }, [wanted]);
  return loaded?.[language] ?? null;
}
