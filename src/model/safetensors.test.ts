import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defined } from '../checked.ts';
import { cpuTime } from '../../test/cpu-time.ts';
import { READ_LIMITS } from './limits.ts';
import { readSafetensors, toFloat32, writeSafetensors } from './safetensors.ts';

/** A file from a header text (as JSON or raw) and data bytes. */
function file(header: unknown, data: number, length?: bigint): Uint8Array {
  const json = new TextEncoder().encode(
    typeof header === 'string' ? header : JSON.stringify(header),
  );
  const bytes = new Uint8Array(8 + json.length + data);
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}
const tensor = (shape: unknown, from: unknown, to: unknown, dtype: unknown = 'F32') => ({
  dtype,
  shape,
  data_offsets: [from, to],
});

describe('reading', () => {
  test('returns types and shapes, with views of the bytes', () => {
    const { tensors, metadata } = readSafetensors(
      file(
        {
          __metadata__: { made: 'here' },
          h: tensor([2], 0, 4, 'F16'),
          b: tensor([1], 4, 6, 'BF16'),
          scalar: tensor([], 6, 10),
          none: tensor([0, 5], 10, 10),
        },
        10,
      ),
      'f',
    );
    expect([...tensors.keys()]).toEqual(['h', 'b', 'scalar', 'none']);
    expect(metadata.get('made')).toBe('here');
    defined(tensors.get('h')).bytes.set([0x00, 0x3c, 0x01, 0x80]); // 1, smallest negative subnormal
    defined(tensors.get('b')).bytes.set([0x80, 0x3f]);
    expect([...toFloat32(defined(tensors.get('h')))]).toEqual([1, -(2 ** -24)]);
    expect([...toFloat32(defined(tensors.get('b')))]).toEqual([1]);
    expect(toFloat32(defined(tensors.get('scalar')))).toHaveLength(1);
  });

  test.for<[string, Uint8Array]>([
    ['shorter than its length field', new Uint8Array(7)],
    ['header length 2^63', file({}, 0, 2n ** 63n)],
    ['header beyond the end', file({}, 0, 100n)],
    ['not JSON', file('{oops', 0)],
    ['an array', file([1], 0)],
    [
      'a name twice',
      file(
        '{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
        4,
      ),
    ],
    [
      'a name twice, once escaped',
      file(
        '{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"\\u0077":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
        4,
      ),
    ],
    [
      'a field twice',
      file('{"w":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4),
    ],
    ['overlap', file({ a: tensor([2], 0, 8), b: tensor([2], 4, 12) }, 12)],
    ['a gap between', file({ a: tensor([1], 0, 4), b: tensor([1], 8, 12) }, 12)],
    ['a gap at the start', file({ a: tensor([1], 4, 8) }, 8)],
    ['a gap at the end', file({ a: tensor([1], 0, 4) }, 8)],
    ['beyond the end', file({ a: tensor([2], 0, 8) }, 4)],
    ['reversed', file({ a: tensor([1], 4, 0) }, 4)],
    ['fractions', file({ a: tensor([1], 0.5, 4.5) }, 5)],
    ['shape against bytes', file({ a: tensor([3], 0, 8) }, 8)],
    ['overflowing shape', file({ a: tensor([2 ** 32, 2 ** 32, 16], 0, 8) }, 8)],
    ['negative shape', file({ a: tensor([-1, -2], 0, 8) }, 8)],
    ['an inherited name as type', file({ a: tensor([1], 0, 4, 'toString') }, 4)],
    ['metadata that is not text', file({ __metadata__: { a: 1 } }, 0)],
    ['20,000 brackets', file(`{"w":${'['.repeat(20000)}${']'.repeat(20000)}}`, 0)],
  ])('refuses %s', ([, bytes]) => {
    expect(() => readSafetensors(bytes, 'weights.safetensors')).toThrow(
      /^weights\.safetensors is not a valid safetensors file: .+\. Download it again\.$/,
    );
  });
});

describe('a header at its limit is read, and above it refused', () => {
  const padded = (length: number) => file(`{}${' '.repeat(length - 2)}`, 0);
  /** Metadata with `keys − 1` texts; its own key makes `keys`. */
  const keyed = (keys: number) =>
    file(
      `{"__metadata__":{${Array.from({ length: keys - 1 }, (_, i) => `"${i}":""`).join(',')}}}`,
      0,
    );

  test('for its bytes', () => {
    expect(readSafetensors(padded(READ_LIMITS.header), 'f').tensors.size).toBe(0);
    expect(() => readSafetensors(padded(READ_LIMITS.header + 1), 'f')).toThrow(
      'f is not a valid safetensors file: its header has 10 MB, but at most 10 MB are allowed.',
    );
  });

  test('for its keys', () => {
    expect(readSafetensors(keyed(READ_LIMITS.headerKeys), 'f').metadata.size).toBe(199_999);
    expect(() => readSafetensors(keyed(READ_LIMITS.headerKeys + 1), 'f')).toThrow(
      'its header is not valid: it has more than 200,000 keys',
    );
  });

  test('and millions of keys are refused quickly', () => {
    const many = file(`{${'"a":0,'.repeat(1.6e6)}"b":0}`, 0);
    expect(cpuTime(() => expect(() => readSafetensors(many, 'f')).toThrow('keys'))).toBeLessThan(
      1000,
    );
  });
});

describe('writing', () => {
  const name = fc
    .oneof(
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom('__proto__', 'constructor', 'a"b', '日本'),
    )
    .filter((n) => n !== '__metadata__');
  const tensors = fc.array(fc.tuple(name, fc.array(fc.float({ noNaN: true }), { maxLength: 20 })), {
    maxLength: 6,
  });

  test('round-trips tensors in any order', () => {
    fc.assert(
      fc.property(tensors, (pairs) => {
        const given = new Map(
          pairs.map(([n, v]) => [n, { shape: [v.length], data: Float32Array.from(v) }]),
        );
        const bytes = writeSafetensors(given, { format: 'pt' });
        expect(writeSafetensors(new Map([...given].reverse()), { format: 'pt' })).toEqual(bytes);
        const { tensors: back, metadata } = readSafetensors(bytes, 'f');
        expect(metadata.get('format')).toBe('pt');
        expect(back.size).toBe(given.size);
        for (const [n, { data }] of given) expect(toFloat32(defined(back.get(n)))).toEqual(data);
      }),
    );
  });

  test('refuses a shape that does not fit the values', () => {
    expect(() => writeSafetensors({ w: { shape: [2, 2], data: new Float32Array(3) } })).toThrow(
      RangeError,
    );
  });
});
