/** Element types of ONNX tensors: names, file codes, bits per element. */

/** Element types of ONNX tensors. */
export type ElementType =
  | 'float32'
  | 'float16'
  | 'float64'
  | 'int8'
  | 'uint8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'uint64'
  | 'bool'
  | 'uint4'
  | 'int4';

const codes: Record<ElementType, number> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
  uint4: 21,
  int4: 22,
};

const bits: Record<ElementType, number> = {
  float32: 32,
  uint8: 8,
  int8: 8,
  uint16: 16,
  int16: 16,
  int32: 32,
  int64: 64,
  bool: 8,
  float16: 16,
  float64: 64,
  uint32: 32,
  uint64: 64,
  uint4: 4,
  int4: 4,
};

const names = new Map(Object.entries(codes).map(([name, code]) => [code, name as ElementType]));

/** TensorProto.DataType of a type. */
export const codeOf = (type: ElementType): number => codes[type];

/**
 * The type of a TensorProto.DataType, or null if it is not supported (strings, complex, float8, …).
 */
export const typeOf = (code: number): ElementType | null => names.get(code) ?? null;

/** Descriptions of the unsupported type codes. */
const others: Readonly<Record<number, string>> = {
  8: 'strings',
  14: 'complex numbers',
  15: 'complex numbers',
  16: 'bfloat16 numbers',
  17: '8-bit floats',
  18: '8-bit floats',
  19: '8-bit floats',
  20: '8-bit floats',
  23: '4-bit floats',
  24: '8-bit floats',
  25: '2-bit numbers',
  26: '2-bit numbers',
};

/** Describes a type that `typeOf` does not know, for error messages. */
export const otherType = (code: number): string => others[code] ?? `numbers of type ${code}`;

/** Size of `elements` values in bytes; 4-bit values are packed two to a byte. */
export const bytesOf = (type: ElementType, elements: number): number =>
  Math.ceil((elements * bits[type]) / 8);

/** Product of the dimensions, or null if it is not a safe integer (a hostile file). */
export function elementsOf(dims: readonly number[]): number | null {
  let n = 1;
  for (const d of dims) {
    if (d === 0) return 0;
    n *= d;
    if (!Number.isSafeInteger(n)) return null;
  }
  return n;
}
