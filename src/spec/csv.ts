/**
 * Rows of a CSV (RFC 4180), safe to open in a spreadsheet: texts of strangers (a model's name, a
 * token) never become formulas.
 */

/** What a spreadsheet takes for the beginning of a formula. */
const FORMULA = /^[=+\-@\t\r]/;

/**
 * null is an empty field. A text that would be a formula gets an apostrophe before it, as
 * spreadsheets mark text.
 */
export const csvRow = (fields: readonly (string | number | null)[]): string =>
  fields.map(cell).join(',');

function cell(field: string | number | null): string {
  if (field === null) return '';
  const text =
    typeof field === 'string' && FORMULA.test(field) && !isNumber(field)
      ? `'${field}`
      : String(field);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const isNumber = (text: string) => /^[+-]?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text);

/**
 * A line above the header, for readers that skip what begins with `#`. To others it is cells too:
 * none may begin a formula.
 */
export const csvComment = (text: string): string =>
  `# ${text.replace(/[\r\n]+/g, ' ').replace(/,(?=\s*["=+\-@])/g, ' ')}`;

/**
 * A plain object in such a line, still the same JSON: of strings in lists, the first character is
 * written as its number.
 */
export const csvJson = (what: string, value: object): string =>
  `# ${what} ${JSON.stringify(value).replace(/,"([=+\-@])/g, (_, c: string) => `,"\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)}`;
