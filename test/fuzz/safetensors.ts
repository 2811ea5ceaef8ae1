/** Damages a safetensors file: the JSON of its header, its length, its numbers. */
import { elementAt } from '../../src/checked.ts';
import { damagedBytes, joined } from './bytes.ts';
import { damagedText } from './json.ts';
import type { Random } from './random.ts';

const LENGTHS = [0n, 1n, 7n, 8n, 2n ** 31n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n];
const NUMBERS = [0, -0, 1, -1, 1e-30, 1e10, 3e38, Infinity, NaN];

/** Changes numbers in a file that stays valid. */
export function otherNumbers(random: Random, bytes: Uint8Array): Uint8Array {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const out = bytes.slice();
  changeNumbers(random, out.subarray(8 + length));
  return out;
}

export function damagedSafetensors(random: Random, bytes: Uint8Array): Uint8Array {
  const kind = random.below(10);
  if (kind < 2) return damagedBytes(random, bytes);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const header = new TextDecoder().decode(bytes.subarray(8, 8 + length));
  const data = bytes.slice(8 + length);
  if (kind < 5) {
    changeNumbers(random, data);
    return packed(header, data);
  }
  const value = JSON.parse(header) as Record<string, Entry>;
  // A change that leaves the file consistent gets further.
  if (kind < 8) return consistent(random, value, data);
  return packed(
    damagedText(random, value),
    data,
    random.chance(0.1) ? random.pick(LENGTHS) : undefined,
  );
}

interface Entry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

function changeNumbers(random: Random, data: Uint8Array): void {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  for (let n = 1 + random.below(20); n > 0 && data.length >= 4; n--) {
    view.setFloat32(4 * random.below(data.length >> 2), random.pick(NUMBERS), true);
  }
}

/** Renames, retypes, reshapes, drops, swaps or duplicates tensors, and corrects the offsets. */
function consistent(random: Random, header: Record<string, Entry>, data: Uint8Array): Uint8Array {
  const { __metadata__: metadata, ...entries } = header as Record<string, Entry> & {
    __metadata__?: unknown;
  };
  const list = Object.entries(entries).map(
    ([
      name,
      {
        dtype,
        shape,
        data_offsets: [from, to],
      },
    ]) => ({ name, dtype, shape: [...shape], bytes: data.subarray(from, to) }),
  );
  for (let n = 1 + random.below(3); n > 0 && list.length > 0; n--) {
    const at = random.below(list.length);
    const one = elementAt(list, at);
    const other = random.pick(list);
    switch (random.below(8)) {
      case 0:
        list.splice(at, 1);
        break;
      case 1:
        list.push({ ...one, name: `${one.name}${random.pick(['2', '.x', ''])}` });
        break;
      case 2:
        one.name = random.pick([
          one.name.replace('.weight', '.default.weight'),
          one.name.replace('lora_A', 'lora_B'),
          one.name.replace('base_model.', ''),
          one.name.replace(/\d/, '9'),
          '__proto__',
          '',
        ]);
        break;
      case 3:
        one.shape.reverse();
        break;
      case 4:
        Object.assign(one, { dtype: random.pick(['F16', 'BF16']), shape: [...one.shape, 2] });
        break;
      case 5:
        Object.assign(one, {
          dtype: random.pick(['F64', 'I64', 'U8']),
          bytes: new Uint8Array((8 * one.bytes.length) / 4),
        });
        break;
      case 6:
        one.shape = random.pick([[0, ...one.shape], [1, ...one.shape], [], [one.bytes.length / 4]]);
        break;
      default:
        [one.bytes, other.bytes] = [other.bytes, one.bytes];
        [one.shape, other.shape] = [other.shape, one.shape];
    }
  }
  let end = 0;
  const fields = list.map(({ name, dtype, shape, bytes }) => {
    const from = end;
    end += bytes.length;
    return `${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [from, end] })}`;
  });
  if (metadata !== undefined)
    fields.unshift(`"__metadata__":${JSON.stringify(random.chance(0.1) ? null : metadata)}`);
  return packed(`{${fields.join(',')}}`, joined(...list.map((e) => e.bytes)));
}

function packed(header: string, data: Uint8Array, length?: bigint): Uint8Array {
  const text = new TextEncoder().encode(header);
  const first = new Uint8Array(8);
  new DataView(first.buffer).setBigUint64(0, length ?? BigInt(text.length), true);
  return joined(first, text, data);
}
