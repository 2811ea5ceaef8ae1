/** Tests the links of the lesson: each opens the exercise's experiment, in both languages. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { decodeLink, encodeLink } from '../src/experiment/link.ts';
import { ADDRESS, exercises, quotedIn, sectionOf } from './teaching.ts';

const pages = ['docs/teaching.md', 'docs/teaching.ja.md'].map((path) => readFileSync(path, 'utf8'));

test('every link of the lesson is that of its exercise', async () => {
  for (const page of pages) {
    const links = [...page.matchAll(/\]\((http:\/\/localhost[^)]+)\)/g)].map(([, link]) => link);
    expect(links).toEqual(
      await Promise.all(exercises.map(async ({ spec }) => ADDRESS + (await encodeLink(spec)))),
    );
  }
});

test.each(exercises)(
  'the link of exercise $number opens in the schema',
  async ({ number, spec }) => {
    for (const page of pages) {
      const link = /\((http:\/\/localhost[^)]+)\)/.exec(sectionOf(page, number))?.[1] ?? '';
      expect(await decodeLink(link)).toEqual({
        spec,
        digest: null,
        textOmitted: false,
        damaged: [],
      });
    }
  },
);

test('both languages quote the same numbers', () => {
  for (const { number } of exercises) {
    const [en, ja] = pages.map((page) => quotedIn(sectionOf(page, number)).sort());
    expect(en?.length).toBeGreaterThan(0);
    expect(ja).toEqual(en);
  }
});
