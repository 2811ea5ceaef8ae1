import { describe, expect, test } from 'vitest';
import { defined, elementAt } from '../checked.ts';
import { csvComment, csvJson, csvRow } from './csv.ts';

/** The cells that a spreadsheet sees: split at commas outside quotes that start a cell. */
function cells(line: string): string[] {
  const out: string[] = [];
  for (let at = 0; at <= line.length;) {
    const quoted = line[at] === '"' ? /"((?:[^"]|"")*)"?/y : /([^,]*)/y;
    quoted.lastIndex = at;
    const found = defined(quoted.exec(line));
    const end = line.indexOf(',', quoted.lastIndex);
    out.push(elementAt(found, 1).replaceAll('""', '"'));
    at = end < 0 ? line.length + 1 : end + 1;
  }
  return out;
}
const formulas = (line: string) => cells(line).filter((c) => /^\s*[=+\-@\t\r]/.test(c));

describe('rows', () => {
  test.each(['=1+1', '+A1', '-A1', '@SUM(A1)', '\t=1', '\r=1', '=HYPERLINK("http://a","b")'])(
    '%j is text, not a formula',
    (text) => {
      expect(formulas(csvRow(['a', text, 1]))).toEqual([]);
      expect(cells(csvRow(['a', text, 1]))).toEqual(['a', `'${text}`, '1']);
    },
  );

  test('numbers stay numbers, quotes and commas stay in their field', () => {
    expect(csvRow([-0.25, '-0.25', '+1e-7', null, 'a,b', 'say "x"'])).toBe(
      '-0.25,-0.25,+1e-7,,"a,b","say ""x"""',
    );
  });
});

describe('lines above the header', () => {
  test('no cell of them begins a formula', () => {
    expect(formulas(csvComment('model a,=1+1, @x,"=2",b\n=3'))).toEqual([]);
  });

  test('JSON is the same JSON, and no list in it holds a formula', () => {
    const value = { list: ['a', '=1+1', '@x', '-y'], numbers: [1, -2], text: '=1' };
    const line = csvJson('spec', value);
    expect(JSON.parse(line.slice('# spec '.length))).toEqual(value);
    expect(formulas(line).filter((c) => !/^-?\d/.test(c))).toEqual([]);
  });
});
