/** Display of untrusted names. */
import { expect, test } from 'vitest';
import { linesApart, oneLine } from './one-line.ts';

test.for<[string, string, string]>([
  ['a plain name stays', 'out/checkpoint-2', 'out/checkpoint-2'],
  ['other scripts stay', 'アダプター/重み 2 שלום é 🙂', 'アダプター/重み 2 שלום é 🙂'],
  ['ends of lines', 'a\nb\r\tc\u2028d\u2029e\u0085f', 'a�b��c�d�e�f'],
  ['bidi marks', 'a\u202egnp\u202c\u2066b\u2069\u200f\u061c', 'a�gnp��b���'],
  ['escape codes of a terminal', '\u001b[31mred\u009b0m', '�[31mred�0m'],
  ['what is drawn as nothing', 'a\u200bb\u00adc\u3164d\ufe0fe\u{e0041}', 'a�b�c�d�e�'],
  ['half a pair', 'a\ud83db', 'a�b'],
  ['spaces that look like one', 'a  b\u00a0\u3000c', 'a b c'],
])('an untrusted name is shown safely: %s', ([, name, shown]) => {
  expect(oneLine(name)).toBe(shown);
});

test('a long name retains both ends and whole characters', () => {
  const long = oneLine(`start-${'🙂'.repeat(50_000)}-end`, 30);
  expect(Array.from(long)).toHaveLength(30);
  expect(long).toMatch(/^start-🙂+…🙂+-end$/u);
  expect(oneLine('x'.repeat(30), 30)).toBe('x'.repeat(30));
});

test('names that would look the same are numbered', () => {
  expect(linesApart(['a\u202e', 'a\u200b', 'a� (2)', 'b'])).toEqual([
    'a�',
    'a� (2)',
    'a� (2) (2)',
    'b',
  ]);
  const ends = linesApart(
    ['1', '2'].map((n) => `${'x'.repeat(100)}${n}${'y'.repeat(100)}`),
    20,
  );
  expect(ends[1]).toBe(`${ends[0]} (2)`);
});
