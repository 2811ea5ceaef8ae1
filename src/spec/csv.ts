/**
 * Rows of a CSV (RFC 4180) that are safe in a spreadsheet: untrusted texts (a model's name, a
 * token) never become formulas.
 */

/** Characters that start a formula in a spreadsheet. */
const FORMULA = /^[=+\-@\t\r]/;

/**
 * null is an empty field. A text that would be a formula gets a leading apostrophe, which marks
 * text in spreadsheets.
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
 * A line above the header, for readers that skip lines starting with `#`. Other readers see cells,
 * and none of them may start a formula.
 */
export const csvComment = (text: string): string =>
  `# ${text.replace(/[\r\n]+/g, ' ').replace(/,(?=\s*["=+\-@])/g, ' ')}`;

/**
 * A plain object in a comment line, as valid JSON. Strings in lists that would start a formula have
 * their first character escaped.
 */
export const csvJson = (what: string, value: object): string =>
  `# ${what} ${JSON.stringify(value).replace(/,"([=+\-@])/g, (_, c: string) => `,"\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)}`;
