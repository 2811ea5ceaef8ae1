/** Tests the embed code, and reads the QR code with the library's own decoder. */
import decodeQR from 'qr/decode.js';
import { expect, test } from 'vitest';
import { defined } from '../../checked.ts';
import { decodeLink, encodeLink } from '../../experiment/link.ts';
import { defaultSpec } from '../../experiment/schema.ts';
import { embedCode } from './embed-code.ts';
import { qrCode } from './qr-code.ts';

const address = async () =>
  `https://example.org/atlas/?lang=ja${await encodeLink({ ...defaultSpec(), seed: 9 })}`;

/** Draws a code as RGBA pixels, four per module. */
function drawn({ size, path }: { size: number; path: string }) {
  const width = 4 * size;
  const data = new Uint8ClampedArray(4 * width * width).fill(255);
  for (const [, x, y] of path.matchAll(/M(\d+) (\d+)/g))
    for (let k = 0; k < 16; k++) {
      const at = 4 * ((4 * Number(y) + (k >> 2)) * width + 4 * Number(x) + (k & 3));
      data.fill(0, at, at + 3);
    }
  return { width, height: width, data };
}

test('the QR code reads as the link', async () => {
  const link = await address();
  expect(decodeQR(drawn(defined(qrCode(link))))).toBe(link);
});

test('a link of the largest size has a code, and a longer one has none', () => {
  const longest = `https://example.org/#x=3.${'aB3-'.repeat(1000)}`.slice(0, 2953);
  expect(qrCode(longest)?.size).toBe(177 + 8);
  expect(qrCode(`${longest}a`)).toBeNull();
});

test('the embed code opens the panels of the same experiment', async () => {
  const code = embedCode(await address(), ['map', 'race'], 'Ranks "by" layer & <role>');
  const source = defined(/src="([^"]+)"/.exec(code)?.[1]);
  expect(source).toContain('https://example.org/atlas/?embed=map,race#x=3.');
  expect((await decodeLink(source)).spec.seed).toBe(9);
  expect(code).toContain('title="Ranks &quot;by&quot; layer &amp; &lt;role>"');
});
