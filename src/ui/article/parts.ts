/**
 * Splits a text of the article at its marks: `[text](key)` is a term of the glossary,
 * `[text](https://…)` a link.
 */
interface Part {
  text: string;
  /** Null: plain text. */
  target: string | null;
}

/** The parts of a text in order. */
export const partsOf = (text: string): Part[] =>
  text
    .split(/(\[[^\]]+\]\([^)]+\))/)
    .filter(Boolean)
    .map((part) => {
      const [, marked = part, target = null] = /^\[([^\]]+)\]\(([^)]+)\)$/.exec(part) ?? [];
      return { text: marked, target };
    });
