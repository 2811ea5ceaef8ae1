/** The words of the map's methods (`methods/importance`), in one language. */
import type { Language } from '../language/language.ts';
import type { DrawsWords } from '../methods/importance/contract.ts';
import { importanceWords, METHODS, type MethodName } from '../methods/importance/registry.ts';

/** Capitalises a name for the start of a line. */
const atStart = (name: string) => name.replace(/^./, (c) => c.toUpperCase());

export function methodWords(language: Language): {
  names: Record<MethodName, string>;
  of: Record<MethodName, DrawsWords>;
} {
  const words = METHODS.map((method) => [method, importanceWords[method][language]] as const);
  return {
    names: Object.fromEntries(words.map(([m, { name }]) => [m, atStart(name)])) as Record<
      MethodName,
      string
    >,
    of: Object.fromEntries(words) as Record<MethodName, DrawsWords>,
  };
}
