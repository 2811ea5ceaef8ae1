import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anySpec } from '../../test/spec-arbitrary.ts';
import type { ResultDigest } from './digest.ts';
import { decodeLink, encodeLink, isLink, ownTextLength } from './link.ts';
import { defaultSpec, parseSpec } from './schema.ts';
import { setByPath } from './settings.ts';

const pack = (json: string | Uint8Array) => `#x=3.${deflateRawSync(json).toString('base64url')}`;
const anyDigest: fc.Arbitrary<ResultDigest> = fc
  .array(fc.tuple(fc.nat(300), fc.double({ min: 0, max: 1e9, noNaN: true })), {
    minLength: 1,
    maxLength: 210,
  })
  .map((m) => ({
    model: 'a'.repeat(64),
    tokens: '0'.repeat(64),
    ranks: m.map((x) => x[0]),
    importances: m.map((x) => Number(x[1].toPrecision(4)) + 0),
  }));

test(
  'every experiment survives the trip, with and without a digest',
  { timeout: 30_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(anySpec, fc.option(anyDigest), async (spec, digest) => {
        const link = await encodeLink(spec, { digest });
        expect(link).toMatch(/^#x=3\.[A-Za-z0-9_-]+$/);
        expect(await decodeLink(link)).toEqual({ spec, digest, textOmitted: false, damaged: [] });
        expect(await decodeLink(`https://example.org/atlas/?lang=ja${link}`)).toMatchObject({
          spec,
        });
      }),
      { numRuns: 60 },
    );
  },
);

test('links are short: the default in 24 characters, 210 modules with their digest in 2 KB', async () => {
  expect((await encodeLink(defaultSpec())).length).toBeLessThanOrEqual(24);
  const digest: ResultDigest = {
    model: 'f3'.repeat(32),
    tokens: '9c'.repeat(32),
    ranks: Array.from({ length: 210 }, (_, i) => (i * 37) % 40),
    importances: Array.from({ length: 210 }, (_, i) =>
      Number((1e5 * Math.abs(Math.sin(i + 1))).toPrecision(4)),
    ),
  };
  expect((await encodeLink(defaultSpec(), { digest })).length).toBeLessThan(2048);
});

describe('an own text', () => {
  const own = { ...defaultSpec(), text: { kind: 'own' as const, text: 'Mine. あ' } };

  test('can be omitted', async () => {
    const link = await encodeLink({ ...own, seed: 5 }, { withText: false });
    expect(await decodeLink(link)).toEqual({
      spec: { ...defaultSpec(), seed: 5 },
      digest: null,
      textOmitted: true,
      damaged: [],
    });
    expect(await decodeLink(await encodeLink(own))).toMatchObject({
      spec: own,
      textOmitted: false,
    });
  });

  test('for training is omitted in the same way', async () => {
    const trained = {
      ...defaultSpec(),
      training: {
        ...defaultSpec().training,
        steps: 7,
        train: own.text,
        held: { kind: 'own' as const, text: 'Held.' },
      },
    };
    const link = await encodeLink(trained, { withText: false });
    expect(await decodeLink(link)).toEqual({
      spec: { ...trained, training: { ...defaultSpec().training, steps: 7 } },
      digest: null,
      textOmitted: true,
      damaged: [],
    });
    expect(ownTextLength(trained)).toBe(own.text.text.length + 5);
    expect(await decodeLink(await encodeLink(trained))).toMatchObject({ spec: trained });
  });

  test('too long for a link is refused with what to do', async () => {
    const long = { ...own, text: { kind: 'own' as const, text: '本'.repeat(150_000) } };
    await expect(encodeLink(long)).rejects.toMatchObject({ code: 'long-link' });
    expect(await decodeLink(await encodeLink(long, { withText: false }))).toMatchObject({
      textOmitted: true,
    });
  });
});

describe('refused with a sentence', () => {
  const whole = () => encodeLink(setByPath(defaultSpec(), 'allocation.meanRank', '12'));

  test('cut off at any place, or not at all', async () => {
    const link = await whole();
    for (let end = 5; end < link.length; end++) {
      // The last character may hold only padding bits; then nothing is missing.
      const read = await decodeLink(link.slice(0, end)).catch((e: unknown) => e);
      if (read instanceof Error) expect(read).toMatchObject({ code: 'bad-link' });
      else expect(read).toMatchObject({ spec: { allocation: { meanRank: 12 } } });
    }
    await expect(decodeLink(link.slice(0, -4))).rejects.toMatchObject({ code: 'bad-link' });
  });

  test('any change of any character: refused, or a valid experiment', async () => {
    const link = await whole();
    await fc.assert(
      fc.asyncProperty(fc.nat(link.length - 6), fc.constantFrom(...'AZaz09-_'), async (at, c) => {
        const read = await decodeLink(link.slice(0, 5 + at) + c + link.slice(6 + at)).catch(
          (e: unknown) => e,
        );
        if (read instanceof Error) expect(read).toMatchObject({ code: 'bad-link' });
        else
          expect(parseSpec((read as { spec: unknown }).spec)).toEqual(
            (read as { spec: unknown }).spec,
          );
      }),
    );
  });

  test('arbitrary bytes, arbitrary JSON', { timeout: 30_000 }, async () => {
    const reads = async (link: string) => {
      const read = await decodeLink(link).catch((e: unknown) => e);
      if (read instanceof Error) expect(read).toMatchObject({ name: 'AtlasError' });
      else parseSpec((read as { spec: unknown }).spec);
    };
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), (b) =>
        reads(`#x=1.${Buffer.from(b).toString('base64url')}`),
      ),
    );
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), (b) => reads(pack(b))));
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), fc.jsonValue(), (spec, digest) =>
        reads(pack(JSON.stringify({ spec, digest }))),
      ),
    );
  });

  test('a newer version, none, and nonsense', async () => {
    await expect(decodeLink('#x=4.AAAA')).rejects.toMatchObject({
      code: 'newer-link',
      values: { version: '4' },
    });
    for (const bad of [
      '#x=0.AAAA',
      '#x=1',
      '#x=',
      '#x=1.A*B',
      '#x=-1.AA',
      '#x=1e3.AA',
      '#y=1',
      '',
      '#x=1.A',
      pack('[]'),
      pack('3'),
      pack('{}'),
      pack('{"spec":4}'),
      pack('{"spec":null}'),
      pack(Uint8Array.of(0xff, 0xfe)),
    ]) {
      await expect(decodeLink(bad), bad).rejects.toMatchObject({ code: 'bad-link' });
    }
    expect(isLink('#x=1.A*B')).toBe(true);
    expect(isLink('https://example.org/#lang=ja&x=1.abc')).toBe(true);
    expect(isLink('where')).toBe(false);
    expect(isLink('spec.json')).toBe(false);
  });

  test('a bomb is given up early', { timeout: 30_000 }, async () => {
    const bomb = pack(new Uint8Array(100_000_000));
    const before = process.memoryUsage().arrayBuffers;
    await expect(decodeLink(bomb)).rejects.toMatchObject({
      code: 'bad-link',
      message: expect.stringContaining('more than 256 KB'),
    });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50_000_000);
    await expect(decodeLink(`#x=1.${'A'.repeat(600_000)}`)).rejects.toMatchObject({
      code: 'bad-link',
    });
  });

  test('hostile JSON changes nothing but, at most, single settings', async () => {
    const deep = `{"spec":{"text":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`;
    const read = await decodeLink(pack(deep)).catch((e: unknown) => e);
    if (read instanceof Error) expect(read).toMatchObject({ code: 'bad-link' });
    else expect(read).toMatchObject({ damaged: ['text'] });
    const polluted = await decodeLink(
      pack(
        '{"spec":{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"seed":3}}',
      ),
    );
    expect(polluted).toMatchObject({ spec: { seed: 3 } });
    expect(polluted.damaged.sort()).toEqual(['__proto__', 'constructor']);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
    expect(
      await decodeLink(pack('{"spec":{"method":{"repeats":1e999},"seed":1e300,"length":8}}')),
    ).toMatchObject({
      spec: { length: 8, seed: 1, method: { repeats: 5 } },
      damaged: expect.arrayContaining(['method.repeats', 'seed']),
    });
  });
});

test('one damaged setting gets its default and is named; so is a damaged digest', async () => {
  expect(
    await decodeLink(pack('{"spec":{"seed":4,"allocation":{"meanRank":-3}},"digest":{"model":1}}')),
  ).toEqual({
    spec: { ...defaultSpec(), seed: 4 },
    digest: null,
    textOmitted: false,
    damaged: ['allocation.meanRank', 'digest'],
  });
});

test('the digest of a study’s run survives the trip; another value is named as damaged', async () => {
  const run = { provider: 'wasm', ranks: '0407cd0a', losses: [4537, null, -1] };
  const spec = parseSpec({ study: 'race' });
  expect(await decodeLink(await encodeLink(spec, { run }))).toEqual({
    spec,
    digest: null,
    run,
    textOmitted: false,
    damaged: [],
  });
  for (const value of ['"x"', '3', 'null', '[1]'])
    expect(await decodeLink(pack(`{"spec":{"study":"race"},"run":${value}}`)), value).toEqual({
      spec,
      digest: null,
      textOmitted: false,
      damaged: ['run'],
    });
});

describe('links of version 1, as they were made when there was no BOS', () => {
  test.each([
    ['the default', '#x=1.q1YqLkhNVrKqrq0FAA', {}, 'tokenizer'],
    [
      'another text and budget',
      '#x=1.FcsxCoAwDEbhu_xzHXQRegxvEJsgtTUVW0WQ3F06Pb7hfainBPgPTd7Wm6IyPNZbOQvDIXbudG1FB3kowxyqCMPPDpRzCdRi0f4eQrqQJvhxMrMf',
      { text: { kind: 'bundled', id: 'jargon-eval' }, allocation: { meanRank: 12 }, seed: 7 },
      'tokenizer',
    ],
    [
      'files and an own text',
      '#x=1.NYrRCYAwDAVXkfftAJINHENtTINtKrSgULq75MO_4-466s0HqCOXwMlBAwinJq4knPOGMaPx27xdal7LY_glVpta5GlnUTM18T-xSYugZYwP',
      { model: { id: 'files:gemma' }, text: { kind: 'own', text: 'In the beginning' }, length: 8 },
      'none',
    ],
    [
      'a model of a hub, pruned first',
      '#x=1.JYxBCoAgFAXv8tZhLaLFX3WTsPyQkF_TokK8e1i7GRgmIwVeQBnOG94qWAPCes7kL-HYinY8Om2FvMjdftm096oaSoNZJwYhxFPYoPmhflLQMdnjAXVqKKW8',
      {
        model: { id: 'hub:owner/name@main:onnx/model_q4.onnx' },
        base: 'pruned',
        prune: { sparsity: 0.6 },
      },
      'none',
    ],
    [
      'token ids',
      '#x=1.HclBCoAgEEbhu_zr2ZTVYq4iLiSnkkYLdBGEdw_bPB58L8otK_hFuoJonxjA2KJKYVWfPBqhylO7nTF3jaGA_rK1A41kHNmJZlqcawSVvNcDbFr7AA',
      {
        model: { id: 'files:llama' },
        text: {
          kind: 'ids',
          ids: [
            [1, 2, 3],
            [4, 5, 6],
          ],
        },
      },
      'none',
    ],
  ])('%s', async (_, link, settings, bos) => {
    const read = await decodeLink(link);
    const spec = parseSpec({ ...settings, bos });
    expect(read).toEqual({ spec, digest: null, textOmitted: false, damaged: [] });
    // Encoded again, it has the same meaning.
    expect((await decodeLink(await encodeLink(read.spec))).spec).toEqual(spec);
  });
});

test('a link of version 2 means by its slider what the training is now', async () => {
  const spec = { study: 'slider', slider: { rank: 4, ranks: 'map', alpha: 8, compare: [] } };
  const link = `#x=2.${deflateRawSync(JSON.stringify({ spec })).toString('base64url')}`;
  expect(await decodeLink(link)).toEqual({
    spec: parseSpec({
      study: 'train',
      train: { ranks: { kind: 'map', mean: 4 }, scale: { kind: 'alpha', value: 8 } },
    }),
    digest: null,
    textOmitted: false,
    damaged: [],
  });
});
