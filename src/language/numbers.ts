/** Formats numbers for a locale with a fixed number of decimals, so that table columns align. */
export function numbers(locale: string) {
  const cache = new Map<number, Intl.NumberFormat>();
  const fixed = (value: number, digits: number) => {
    let format = cache.get(digits);
    if (!format)
      cache.set(
        digits,
        (format = new Intl.NumberFormat(locale, {
          minimumFractionDigits: digits,
          maximumFractionDigits: digits,
        })),
      );
    // A value that rounds to zero has no sign: "0.00", never "−0.00".
    return format
      .format(value)
      .replace(/^-(?=[0.,]*$)/, '')
      .replace('-', '−');
  };
  return {
    fixed,
    whole: (value: number) => fixed(value, 0),
    /** As few decimals as the value needs, at most two. */
    short: (value: number) =>
      fixed(
        value,
        Number.isInteger(value) ? 0 : Number.isInteger(Math.round(value * 100) / 10) ? 1 : 2,
      ),
    /** A size in bytes, formatted as MB or GB. */
    size: (bytes: number) =>
      bytes < 1e9 ? `${fixed(bytes / 1e6, bytes < 1e7 ? 1 : 0)} MB` : `${fixed(bytes / 1e9, 1)} GB`,
    signed: (value: number, digits = 0) => {
      const text = fixed(value, digits);
      return value > 0 && /[1-9]/.test(text) ? `+${text}` : text;
    },
    /** Three significant digits, for values of unknown magnitude. */
    significant: (value: number) => {
      const size = Math.abs(value);
      return fixed(
        value,
        size >= 100
          ? 0
          : size >= 10
            ? 1
            : size >= 1
              ? 2
              : size === 0
                ? 0
                : Math.min(8, 2 - Math.floor(Math.log10(size))),
      );
    },
  };
}

export type Numbers = ReturnType<typeof numbers>;

const made = new Map<string, Numbers>();

/** Returns the cached formatters of a locale. */
export function numbersOf(locale: string): Numbers {
  let found = made.get(locale);
  if (!found) made.set(locale, (found = numbers(locale)));
  return found;
}
