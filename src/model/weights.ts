/**
 * Reads every weight format: packed bytes to float32 `W [out, in]`, as in torch.nn.Linear.
 *
 * Each reader yields one stored line at a time (a row of `W`, or a column if the export stores
 * `[in, out]`), so that statistics need no second copy of the matrix. Values are exact: one float32
 * rounding per product, as in onnxruntime's DequantizeLinear, MatMulNBits and MatMulBnb4.
 */
import type { ModuleWeight, VocabularyHead, WeightTensor } from '../compiler/compiled.ts';
import { linearRows } from '../compiler/linear.ts';
import { FP4, NF4 } from '../compiler/codebooks.ts';
import { AtlasError } from '../errors.ts';
import { float32View, halfToFloat32 } from '../onnx/float16.ts';

/** Reads stored line `line` into `into`, whose length is the other dimension. */
type LineReader = (line: number, into: Float32Array) => void;

/**
 * The dequantised weight of one module, only its own rows: `[outFeatures, inFeatures]` row-major.
 * Throws `bad-graph`.
 */
export function dequantise(weight: ModuleWeight): Float32Array {
  const { lines, width, read } = open(weight);
  const out = new Float32Array(lines * width);
  if (!weight.transposed) {
    for (let n = 0; n < lines; n++) read(n, out.subarray(n * width, (n + 1) * width));
    return out;
  }
  const column = new Float32Array(width);
  for (let k = 0; k < lines; k++) {
    read(k, column);
    for (let n = 0; n < width; n++) out[n * lines + k] = column[n]!;
  }
  return out;
}

/**
 * Population standard deviation of the dequantised weight, in double precision. `W` is not
 * materialised.
 */
export function weightStd(weight: ModuleWeight): number {
  const { lines, width, read } = open(weight);
  const line = new Float32Array(width);
  read(0, line);
  // The shift avoids cancellation in the one-pass sums and gives exactly 0 for a constant matrix.
  const shift = line[0]!;
  let sum = 0;
  let squares = 0;
  for (let n = 0; n < lines; n++) {
    if (n > 0) read(n, line);
    for (let k = 0; k < width; k++) {
      const d = line[k]! - shift;
      sum += d;
      squares += d * d;
    }
  }
  const count = lines * width;
  const mean = sum / count;
  return Math.sqrt(Math.max(0, squares / count - mean * mean));
}

/** The weight of the vocabulary projection, or some of its rows, without its bias. */
export const headWeight = (
  { format, tensors, transposed, vocab, hidden }: VocabularyHead,
  rowOffset = 0,
  outFeatures = vocab,
): ModuleWeight => ({
  format,
  tensors,
  transposed,
  rows: vocab,
  rowOffset,
  outFeatures,
  inFeatures: hidden,
  bias: null,
});

/** Lines of the module as stored, `width` values each. */
function open(weight: ModuleWeight): { lines: number; width: number; read: LineReader } {
  const { inFeatures, outFeatures, transposed } = weight;
  const lines = transposed ? inFeatures : outFeatures;
  const width = transposed ? outFeatures : inFeatures;
  const { kind } = weight.format;
  const read =
    kind === 'nbits'
      ? nbits(weight, weight.format)
      : kind === 'bnb4'
        ? bnb4(weight, weight.format)
        : kind === 'int8'
          ? int8(weight)
          : kind === 'linear'
            ? linear(weight, weight.format)
            : floats(weight);
  return { lines, width, read };
}

/** Index of the first value of line `line` of the module in the whole product. */
function start(weight: ModuleWeight, line: number): number {
  return weight.transposed
    ? line * weight.rows + weight.rowOffset
    : (weight.rowOffset + line) * weight.inFeatures;
}

function floats(weight: ModuleWeight): LineReader {
  const tensor = part(weight, 0);
  const count = weight.rows * weight.inFeatures;
  const width = weight.transposed ? weight.outFeatures : weight.inFeatures;
  const bytes = tensor.type === 'float16' ? 2 : 4;
  const stored = checked(tensor, bytes * count);
  const read = bytes === 2 ? halfToFloat32 : float32View;
  return (line, into) => {
    const first = start(weight, line) * bytes;
    into.set(read(stored.subarray(first, first + width * bytes)));
  };
}

/** `g_idx`: the block of every column. */
function blockNumbers(weight: ModuleWeight, at: number): Int32Array {
  return new Int32Array(new Uint8Array(checked(part(weight, at), 4 * weight.inFeatures)).buffer);
}

function nbits(
  weight: ModuleWeight,
  format: { bits: 2 | 4 | 8; block: number; zeroPoints: boolean; reordered?: true },
): LineReader {
  const { bits, block } = format;
  const { rows, inFeatures, rowOffset } = weight;
  const blocks = Math.ceil(inFeatures / block);
  const lineBytes = (blocks * block * bits) / 8;
  const packed = checked(part(weight, 0), rows * lineBytes);
  const scales = real(part(weight, 1), rows * blocks);
  const zeros = zeroPoints(weight, format, blocks);
  const perByte = 8 / bits;
  const mask = (1 << bits) - 1;
  if (format.reordered) {
    const order = blockNumbers(weight, format.zeroPoints ? 3 : 2);
    return (line, into) => {
      const row = rowOffset + line;
      for (let k = 0; k < inFeatures; k++) {
        const code =
          (packed[row * lineBytes + Math.floor(k / perByte)]! >> (bits * (k % perByte))) & mask;
        const b = order[k]!;
        into[k] = (code - zeros(row, b)) * scales[row * blocks + b]!;
      }
    };
  }
  return (line, into) => {
    const row = rowOffset + line;
    for (let b = 0; b < blocks; b++) {
      const scale = scales[row * blocks + b]!;
      const zero = zeros(row, b);
      const end = Math.min(inFeatures, (b + 1) * block); // the last block may be padded past K
      let k = b * block;
      let at = row * lineBytes + k / perByte;
      // The usual case, several times faster than the general loop below.
      if (bits === 4) {
        for (; k + 1 < end; k += 2, at++) {
          const byte = packed[at]!;
          into[k] = ((byte & 15) - zero) * scale;
          into[k + 1] = ((byte >> 4) - zero) * scale;
        }
      }
      for (; k < end; at++) {
        let byte = packed[at]!;
        for (let i = 0; i < perByte && k < end; i++, byte >>= bits)
          into[k++] = ((byte & mask) - zero) * scale;
      }
    }
  };
}

/**
 * Integer zero points are packed like the weights, each row padded to whole bytes. Some exports
 * store floats.
 */
function zeroPoints(
  weight: ModuleWeight,
  format: { bits: 2 | 4 | 8; zeroPoints: boolean },
  blocks: number,
): (row: number, block: number) => number {
  const { bits } = format;
  if (!format.zeroPoints) return () => 1 << (bits - 1);
  const tensor = part(weight, 2);
  if (tensor.type !== 'uint8') {
    const values = real(tensor, weight.rows * blocks);
    return (row, block) => values[row * blocks + block]!;
  }
  const perByte = 8 / bits;
  const mask = (1 << bits) - 1;
  const rowBytes = Math.ceil(blocks / perByte);
  const bytes = checked(tensor, weight.rows * rowBytes);
  return (row, block) =>
    (bytes[row * rowBytes + Math.floor(block / perByte)]! >> (bits * (block % perByte))) & mask;
}

function bnb4(
  weight: ModuleWeight,
  format: { block: number; codebook: 'nf4' | 'fp4' },
): LineReader {
  const count = weight.rows * weight.inFeatures;
  const { block } = format;
  const packed = checked(part(weight, 0), Math.ceil(count / 2));
  const absmax = real(part(weight, 1), Math.ceil(count / block));
  const levels = format.codebook === 'nf4' ? NF4 : FP4;
  return (line, into) => {
    const first = start(weight, line); // blocks run through the flattened matrix, across its rows
    for (let k = 0; k < into.length; k++) {
      const i = first + k;
      const byte = packed[i >> 1]!;
      into[k] = levels[i & 1 ? byte & 15 : byte >> 4]! * absmax[Math.floor(i / block)]!;
    }
  };
}

function int8(weight: ModuleWeight): LineReader {
  const count = weight.rows * weight.inFeatures;
  const tensor = part(weight, 0);
  const bytes = checked(tensor, count);
  const values =
    tensor.type === 'int8'
      ? new Int8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      : bytes;
  const scale = perColumn(weight, part(weight, 1));
  const zero = weight.tensors.length > 2 ? perColumn(weight, part(weight, 2)) : () => 0;
  return (line, into) => {
    const first = start(weight, line);
    for (let k = 0; k < into.length; k++) {
      const column = weight.rowOffset + (weight.transposed ? k : line);
      into[k] = (values[first + k]! - zero(column)) * scale(column);
    }
  };
}

/** Every other DequantizeLinear. Lines are rows of the matrix as stored. */
function linear(
  weight: ModuleWeight,
  { bits, axis, block }: { bits: 4 | 8; axis: number | null; block: number | null },
): LineReader {
  const { transposed, rows, inFeatures, rowOffset } = weight;
  const [lines, columns] = transposed ? [inFeatures, rows] : [rows, inFeatures];
  const along = axis === 0 ? lines : columns;
  const of = block === null ? along : Math.ceil(along / block);
  const count = axis === null ? 1 : block === null ? along : of * (axis === 0 ? columns : lines);
  const [q, scale, zero] = [0, 1, 2].map((i) => weight.tensors[i]);
  const whole = (tensor: WeightTensor | undefined, bytes: number) => ({
    type: (tensor ?? part(weight, 1)).type,
    bytes: checked(tensor ?? part(weight, 1), bytes),
  });
  const read = linearRows({
    form: { axis, block },
    columns,
    q: whole(q, Math.ceil((lines * columns * bits) / 8)),
    scale: whole(scale, count * (scale?.type === 'float16' ? 2 : 4)),
    zero: zero ? whole(zero, Math.ceil((count * bits) / 8)) : null,
  });
  return (line, into) =>
    transposed ? read(line, rowOffset, into) : read(rowOffset + line, 0, into);
}

/** One value for the whole matrix, or one per output feature. */
function perColumn(weight: ModuleWeight, tensor: WeightTensor): (column: number) => number {
  const single = tensor.dims.reduce((a, b) => a * b, 1) === 1;
  const count = single ? 1 : weight.rows;
  const values =
    tensor.type === 'int8'
      ? Int8Array.from(checked(tensor, count), (b) => (b << 24) >> 24)
      : tensor.type === 'uint8'
        ? checked(tensor, count)
        : real(tensor, count);
  return single ? () => values[0]! : (column) => values[column]!;
}

function part(weight: ModuleWeight, index: number): WeightTensor {
  const tensor = weight.tensors[index];
  if (!tensor)
    throw new AtlasError('bad-graph', {
      file: 'The model',
      why: `a weight in ${weight.format.kind} format lacks its ${index === 1 ? 'scales' : 'zero points'}`,
    });
  return tensor;
}

/** Scales and float zero points. */
function real(tensor: WeightTensor, count: number): Float32Array {
  return tensor.type === 'float16'
    ? halfToFloat32(checked(tensor, 2 * count))
    : float32View(checked(tensor, 4 * count));
}

/**
 * The first `need` bytes. Throws `bad-graph` if there are fewer: missing bytes would read as zeros.
 */
function checked(tensor: WeightTensor, need: number): Uint8Array {
  if (tensor.bytes.byteLength < need) {
    throw new AtlasError('bad-graph', {
      file: 'The model',
      why: `weight ${tensor.name} has ${tensor.bytes.byteLength} of ${need} bytes`,
    });
  }
  return tensor.bytes.subarray(0, need);
}
