/** Tests the page's Open Graph tags, with and without the address of the site. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { withSite } from '../tools/site.ts';

const html = readFileSync('index.html', 'utf8');
const content = (page: string, name: string) =>
  new RegExp(`<meta\\s+(?:property|name)="${name}"\\s+content="([^"]*)"`).exec(page)?.[1];

test('the picture exists, in the size that the tags state', () => {
  const png = readFileSync(`public/${content(html, 'og:image')}`);
  expect([png.readUInt32BE(16), png.readUInt32BE(20)].map(String)).toEqual([
    content(html, 'og:image:width'),
    content(html, 'og:image:height'),
  ]);
});

test.each(['https://example.org/atlas', 'https://example.org/atlas/'])(
  'addresses are absolute with %s',
  (address) => {
    const page = withSite(html, address);
    expect(content(page, 'og:image')).toBe('https://example.org/atlas/social.png');
    expect(content(page, 'og:url')).toBe('https://example.org/atlas/');
  },
);

test('without a site no tag states one', () => {
  expect(content(html, 'og:url')).toBeUndefined();
  expect(html).not.toMatch(/og:image" content="https?:/);
});
