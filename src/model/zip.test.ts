/** Zip files: output of zip programs is read; any damaged byte is refused with a short reason. */
import { zipSync } from 'fflate';
import fc from 'fast-check';
import { deflateRawSync, constants } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { defined } from '../checked.ts';
import { cpuTime } from '../../test/cpu-time.ts';
import '../../test/seed.ts';
import { READ_LIMITS } from './limits.ts';
import { unzipped, zipEntries } from './zip.ts';

const contents = (zip: Uint8Array) =>
  Object.fromEntries(zipEntries(new Uint8Array(zip)).map((e) => [e.path, [...unzipped(e, 1e10)]]));
const text = (s: string) => new TextEncoder().encode(s);

test('stored, deflated and empty files are read, without folders', () => {
  const long = text('abc'.repeat(1000));
  const noise = Uint8Array.from({ length: 500 }, (_, i) => (i * i * 31) % 256);
  const zip = zipSync({
    out: {
      'a.txt': [long, { level: 9 }],
      'b.bin': [noise, { level: 0 }],
      none: new Uint8Array(),
      empty: {},
    },
  });
  expect(contents(zip)).toEqual({
    'out/a.txt': [...long],
    'out/b.bin': [...noise],
    'out/none': [],
  });
});

test('a comment after the directory and bytes before the first file are accepted', () => {
  const zip = zipSync({ a: text('x') }, { level: 0 });
  const longer = new Uint8Array([...zip, ...text('comment')]);
  new DataView(longer.buffer).setUint16(zip.length - 2, 7, true);
  expect(contents(longer)).toEqual({ a: [120] });
});

test('names with backslashes, a dot or a slash at the front are normalised', () => {
  expect(
    Object.keys(
      contents(
        zipSync({
          'out\\deep\\a': text('1'),
          './b': text('2'),
          '/c': text('3'),
          'folder\\': new Uint8Array(),
        }),
      ),
    ),
  ).toEqual(['out/deep/a', 'b', 'c']);
});

describe('an unsupported zip is refused', () => {
  const zip = zipSync({
    a: [text('hello hello hello hello'), { level: 9 }],
    b: [text('world'), { level: 0 }],
  });
  const changed = (change: (bytes: Uint8Array, view: DataView, directory: number) => void) => {
    const bytes = new Uint8Array(zip);
    const view = new DataView(bytes.buffer);
    change(bytes, view, view.getUint32(bytes.length - 6, true));
    return bytes;
  };
  test.for<[string, Uint8Array, RegExp]>([
    ['no zip', text('PK no zip at all, but as long as the end of one'), /not a zip file/],
    ['nothing', new Uint8Array(), /not a zip file/],
    ['cut off', zip.slice(0, -10), /truncated/],
    ['a password', changed((_, v, d) => v.setUint16(d + 8, 1, true)), /"a" in it is encrypted/],
    ['LZMA', changed((_, v, d) => v.setUint16(d + 10, 14, true)), /method 14/],
    [
      'a flipped bit in what is stored',
      changed((b) => {
        b[b.indexOf(text('world')[0]!, 60)]! ^= 1;
      }),
      /"b" in it is damaged/,
    ],
    [
      'a longer file than was packed',
      changed((_, v, d) => v.setUint32(d + 24, 24, true)),
      /"a" in it is damaged/,
    ],
    ['a shorter one', changed((_, v, d) => v.setUint32(d + 24, 5, true)), /"a" in it is damaged/],
    [
      'a size no deflate can make',
      changed((_, v, d) => v.setUint32(d + 24, 4e9, true)),
      /"a" in it is damaged/,
    ],
    [
      'an offset elsewhere',
      changed((_, v, d) => v.setUint32(d + 42, 7, true)),
      /has a wrong offset/,
    ],
    [
      'more entries than there are',
      changed((_, v) => v.setUint16(zip.length - 12, 9, true)),
      /directory is/,
    ],
    ['one name twice', zipSync({ 'x/a': text('1'), 'x\\a': text('2') }), /"x\/a" twice/],
  ])('%s', ([, bytes, why]) => {
    expect(() => contents(bytes)).toThrow(why);
  });

  test('any damage gives the same content or an error', () => {
    const whole = contents(zip);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat({ max: zip.length - 1 }), fc.nat({ max: 255 })), {
          minLength: 1,
          maxLength: 4,
        }),
        fc.nat({ max: 3 }),
        (flips, cut) => {
          const bytes = new Uint8Array(zip.subarray(0, zip.length - cut));
          for (const [at, value] of flips) if (at < bytes.length) bytes[at] = value;
          let read;
          try {
            read = contents(bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(Error);
            expect(error).not.toBeInstanceOf(RangeError);
            return;
          }
          // Names may change and entries may disappear, but content that is read is content that
          // was packed.
          for (const content of Object.values(read))
            expect(Object.values(whole)).toContainEqual(content);
        },
      ),
      { numRuns: 3000 },
    );
  });
});

describe('a limit applies', () => {
  const bomb = (inside: Uint8Array<ArrayBuffer>, declared: number) => ({
    path: 'a',
    bytes: declared,
    packed: inside,
    deflated: true,
    crc: 0,
  });

  test('to the unpacked bytes, exactly', () => {
    const [entry] = zipEntries(new Uint8Array(zipSync({ a: new Uint8Array(1000) })));
    expect(unzipped(defined(entry), 1000)).toHaveLength(1000);
    expect(() => unzipped(defined(entry), 999)).toThrow(
      '"a" in it has 1.0 kB, but at most 999 bytes are allowed',
    );
  });

  test('to a small file that expands to two gigabytes, at its listed end', () => {
    // Ten megabytes of zeros, two hundred times in a row.
    const part = deflateRawSync(new Uint8Array(1e7), { finishFlush: constants.Z_SYNC_FLUSH });
    const all = new Uint8Array(200 * part.length);
    for (let i = 0; i < 200; i++) all.set(part, i * part.length);
    expect(
      cpuTime(() =>
        expect(() => unzipped(bomb(all, 100), READ_LIMITS.adapter)).toThrow('"a" in it is damaged'),
      ),
    ).toBeLessThan(2000);
  });

  test('to the number of files, exactly', () => {
    const zipOf = (count: number) =>
      zipSync(
        Object.fromEntries(Array.from({ length: count }, (_, i) => [`f${i}`, new Uint8Array()])),
        { level: 0 },
      );
    expect(zipEntries(new Uint8Array(zipOf(READ_LIMITS.zipFiles)))).toHaveLength(10_000);
    expect(() => zipEntries(new Uint8Array(zipOf(READ_LIMITS.zipFiles + 1)))).toThrow(
      'it contains 10,001 files, but at most 10,000 are allowed',
    );
  });
});
