/**
 * Damages JSON so that it is still JSON: other types, extreme values, duplicate or missing keys,
 * longer lists, deep nesting.
 */
import { damagedBytes } from './bytes.ts';
import type { Random } from './random.ts';

const VALUES: readonly unknown[] = [
  null,
  true,
  false,
  0,
  1,
  2,
  7,
  -1,
  0.5,
  -0,
  1e-320,
  1e308,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  2 ** 64,
  '',
  ' ',
  '0',
  '1',
  'true',
  'a',
  '\u0000',
  '\ud800',
  '\u202e',
  '😀',
  '(a+)+$',
  '[',
  '__proto__',
  'constructor',
  '../x',
  'none',
  'x'.repeat(3000),
  [],
  {},
  [[]],
  [0],
  [null],
  [''],
  { type: 'x' },
  { '': null },
];

/** Copied, because later changes may modify it. */
const anyValue = (random: Random): unknown => structuredClone(random.pick(VALUES));

/**
 * A placeholder string that occurs in no source. It is replaced by text that `JSON.stringify`
 * cannot write.
 */
const HOLE = '\u0001hole\u0001';

/** The bytes of a changed copy of `value`. One in eight is also damaged as bytes. */
export function damagedJson(random: Random, value: unknown): Uint8Array {
  const bytes = new TextEncoder().encode(damagedText(random, value));
  return random.chance(1 / 8) ? damagedBytes(random, bytes) : bytes;
}

export function damagedText(random: Random, value: unknown): string {
  let root: unknown = structuredClone(value);
  const holes: string[] = [];
  for (let n = random.few(); n > 0; n--) root = change(random, root, holes);
  return JSON.stringify(root).replaceAll(JSON.stringify(HOLE), () => holes.shift() ?? 'null');
}

type Holder = Record<string | number, unknown>;

/** Makes one random change in place. Returns the root, which may itself be replaced. */
export function change(random: Random, root: unknown, holes: string[] = []): unknown {
  const places: [Holder, string | number][] = [];
  collect(root, places);
  if (places.length === 0 || random.chance(0.01)) return anyValue(random);
  const [holder, key] = random.pick(places);
  const value = holder[key];
  switch (random.below(10)) {
    case 0: {
      if (Array.isArray(holder)) holder.splice(Number(key), 1);
      else delete holder[key];
      break;
    }
    case 1: {
      const [other, at] = random.pick(places);
      holder[key] = structuredClone(other[at]);
      break;
    }
    case 2:
      put(
        holder,
        random.pick(['x', '', '__proto__', 'type', 'toString', String(key)]),
        anyValue(random),
      );
      break;
    case 3:
      holder[key] = number(random, value);
      break;
    case 4:
      holder[key] = typeof value === 'string' ? text(random, value) : [value];
      break;
    case 5: {
      if (Array.isArray(value)) value.push(...value.slice(0, 1 + random.below(4)));
      else holder[key] = anyValue(random);
      break;
    }
    case 6: {
      // A duplicate key, which can exist only in the text.
      const name = JSON.stringify(Array.isArray(holder) ? 'a' : String(key));
      const first = value === undefined ? 'null' : JSON.stringify(value);
      holes.push(`{${name}:${first},${name}:${JSON.stringify(anyValue(random))}}`);
      holder[key] = HOLE;
      break;
    }
    case 7: {
      if (random.chance(0.7)) {
        holder[key] = anyValue(random);
        break;
      }
      const deep = random.pick([50, 3000, 20_000]);
      const [open, close] = random.pick([
        ['[', ']'],
        ['{"type":', '}'],
      ]) as [string, string];
      holes.push(open.repeat(deep) + 'null' + close.repeat(deep));
      holder[key] = HOLE;
      break;
    }
    default:
      holder[key] = anyValue(random);
  }
  return root;
}

/** Like `JSON.parse`: `__proto__` is an ordinary key. */
function put(holder: Holder, key: string, value: unknown): void {
  if (Array.isArray(holder)) holder.push(value);
  else
    Object.defineProperty(holder, key, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
}

function number(random: Random, value: unknown): unknown {
  if (typeof value !== 'number') return random.pick([-1, 0, 1, 1e9, 2 ** 40]);
  return random.pick([
    value + 1,
    value - 1,
    -value,
    value * 2,
    value / 2,
    value * 1e6,
    String(value),
    [value],
  ]);
}

function text(random: Random, value: string): string {
  const at = random.below(value.length + 1);
  return random.pick([
    value.slice(0, at),
    value.slice(0, at) +
      random.pick(['.', '\u0000', '*', '\\', 'é', '\ud83d', '/']) +
      value.slice(at),
    value.toUpperCase(),
    value + value,
    [...value].reverse().join(''),
    ` ${value}`,
  ]);
}

/** Maximum number of keys visited per object. A few entries represent a whole vocabulary. */
const MAX_KEYS = 400;

function collect(value: unknown, places: [Holder, string | number][], depth = 0): void {
  if (typeof value !== 'object' || value === null || depth > 30) return;
  const keys = Array.isArray(value) ? value.map((_, i) => i) : Object.keys(value);
  for (const key of keys.slice(0, MAX_KEYS)) {
    places.push([value as Holder, key]);
    collect((value as Holder)[key], places, depth + 1);
  }
}
