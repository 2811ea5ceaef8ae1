/**
 * Lowers embedding tables. The engine does a Gather by token id outside the graph: it reads only
 * the rows of the tokens. So the table is never uploaded or dequantised as a whole.
 */
import { float32View, halfToFloat32 } from '../../onnx/float16.ts';
import { isPositions, type Builder } from '../builder.ts';
import { decode } from '../fold/constant.ts';
import { constantOf, input, int } from '../fold/rule.ts';
import { linearForm, linearRows } from '../linear.ts';
import { Clash, count, Unsupported, type ComputedValue, type Step, type Value } from '../value.ts';
import type { Lowering } from './lowering.ts';

type Reader = (row: number, into: Float32Array) => void;

/** Adds a lookup (once per table) and reshapes its rows to the dims of the Gather. */
function lookup({
  b,
  key,
  ids,
  rows,
  width,
  read,
}: {
  b: Builder;
  key: string;
  ids: Value;
  rows: number;
  width: number;
  read: Reader;
}): Value {
  if (count(ids.dims) !== b.batch * b.length)
    throw new Unsupported('indices other than the token ids');
  let found = b.lookups.find((l) => l.key === key);
  if (!found) {
    found = {
      key,
      rows,
      width,
      read,
      value: b.leaf({ type: 'float32', dims: [b.batch, b.length, width] }, false),
    };
    b.lookups.push(found);
  }
  return b.reshape(found.value, [...ids.dims, width]);
}

/** Integer rows whose DequantizeLinear follows. */
const pending = new WeakMap<Value, { table: Value & { kind: 'weight' }; ids: Value }>();

const isIds = (v: Value): v is ComputedValue => v.kind === 'computed' && v.ids;

export const gather: Lowering = (b, call) => {
  const table = input(call, 0);
  const ids = input(call, 1);
  if (
    table.kind === 'weight' &&
    table.type === 'float32' &&
    table.dims.length === 2 &&
    isPositions(ids, b.length)
  ) {
    b.facts.maxLength = Math.min(b.facts.maxLength, table.dims[0]!);
  }
  if (!isIds(ids)) return null;
  if (int(call, 'axis', 0) !== 0 || table.dims.length !== 2)
    throw new Unsupported('tokens along another axis');
  if (table.kind === 'weight' && table.type !== 'float32') {
    const out: ComputedValue = {
      kind: 'computed',
      type: table.type,
      dims: [...ids.dims, table.dims[1]!],
      step: null,
      depends: true,
      ids: false,
    };
    pending.set(out, { table, ids });
    return [out];
  }
  const dequantised =
    table.kind === 'computed' && table.step?.op === 'DequantizeLinear'
      ? linearTable(table.step)
      : null;
  if (dequantised)
    return [
      lookup({
        b,
        key: dequantised.key,
        ids,
        rows: table.dims[0]!,
        width: table.dims[1]!,
        read: dequantised.read,
      }),
    ];
  const transposed =
    table.kind === 'computed' && table.step?.op === 'Transpose' ? table.step.inputs[0] : null;
  const weight =
    table.kind === 'weight' ? table : transposed?.kind === 'weight' ? transposed : null;
  if (!weight) throw new Unsupported('a token lookup in something other than a table');
  const [rows, width] = table.dims as [number, number];
  return [
    lookup({
      b,
      key: weight.tensor.name,
      ids,
      rows,
      width,
      read: floatRows(weight, rows, width, weight !== table),
    }),
  ];
};

function floatRows(
  { tensor }: Value & { kind: 'weight' },
  rows: number,
  width: number,
  transposed: boolean,
): Reader {
  const size = tensor.type === 'float16' ? 2 : 4;
  const widen = size === 2 ? halfToFloat32 : float32View;
  if (!transposed)
    return (row, into) =>
      into.set(widen(tensor.bytes.subarray(row * width * size, (row + 1) * width * size)));
  return (row, into) => {
    for (let i = 0; i < width; i++) {
      const at = (i * rows + row) * size;
      into[i] = widen(tensor.bytes.subarray(at, at + size))[0]!;
    }
  };
}

/** Rows of a table that the export dequantises as a whole before the lookup. */
function linearTable(step: Step): { key: string; read: Reader } | null {
  const [q, scale, zero] = step.inputs.map((v) => (v?.kind === 'weight' ? v.tensor : null));
  if (!q || !scale || (step.inputs[2] && !zero)) return null;
  const rows = linearRows({
    form: linearForm({ ...step, outputs: 1 }),
    columns: q.dims[1]!,
    q,
    scale,
    zero: zero ?? null,
  });
  return { key: q.name, read: (row, into) => rows(row, 0, into) };
}

/** Rows of an 8-bit table, `(q − zero) · scale`. */
export const dequantiseLookup: Lowering = (b, call) => {
  const found = pending.get(input(call, 0));
  if (!found) return null;
  const { table, ids } = found;
  const data = decode(table.tensor).data;
  const scale = constantOf(input(call, 1));
  const zero = constantOf(call.inputs[2]);
  if (!scale || count(scale.dims) !== 1) throw new Unsupported('more than one scale for a table');
  const [rows, width] = table.dims as [number, number];
  const s = scale.data[0]!;
  const z = zero?.data[0] ?? 0;
  return [
    lookup({
      b,
      key: table.tensor.name,
      ids,
      rows,
      width,
      read: (row, into) => {
        for (let i = 0; i < width; i++) into[i] = (data[row * width + i]! - z) * s;
      },
    }),
  ];
};

/**
 * com.microsoft::GatherBlockQuantized: `[rows, width·bits/8]` packed low bits first, one scale per
 * block of a row.
 */
export const gatherBlockQuantized: Lowering = (b, call) => {
  const table = constantOf(call.inputs[0]);
  const ids = input(call, 1);
  const scales = constantOf(call.inputs[2]);
  const zeros = constantOf(call.inputs[3]);
  const bits = int(call, 'bits', 4);
  const block = int(call, 'block_size', 128);
  if (!table || !scales || table.type !== 'uint8' || (bits !== 4 && bits !== 8))
    throw new Unsupported('a quantised table of another kind');
  if (
    !isIds(ids) ||
    int(call, 'gather_axis', 0) !== 0 ||
    int(call, 'quantize_axis', 1) !== 1 ||
    table.dims.length !== 2
  )
    throw new Unsupported('tokens along another axis');
  if (!(block >= 16)) throw new Unsupported(`blocks of ${block}`);
  const perByte = 8 / bits;
  const rows = table.dims[0]!;
  const bytes = table.dims[1]!;
  const width = bytes * perByte;
  const blocks = Math.ceil(width / block);
  if (count(scales.dims) !== rows * blocks)
    throw new Clash(`${count(scales.dims)} scales for ${rows * blocks} blocks`);
  const zeroBytes = Math.ceil(blocks / perByte);
  if (zeros && (zeros.type !== 'uint8' || count(zeros.dims) !== rows * zeroBytes))
    throw new Clash('zero points that do not match the scales');
  const mask = (1 << bits) - 1;
  const at = (data: ArrayLike<number>, base: number, i: number) =>
    (data[base + Math.floor(i / perByte)]! >> ((i % perByte) * bits)) & mask;
  const [source] = call.inputs;
  const name = source?.kind === 'weight' ? source.tensor.name : `table ${b.lookups.length}`;
  return [
    lookup({
      b,
      key: name,
      ids,
      rows,
      width,
      read: (row, into) => {
        for (let i = 0; i < width; i++) {
          const k = Math.floor(i / block);
          const zero = zeros ? at(zeros.data, row * zeroBytes, k) : 1 << (bits - 1);
          into[i] = (at(table.data, row * bytes, i) - zero) * scales.data[row * blocks + k]!;
        }
      },
    }),
  ];
};
