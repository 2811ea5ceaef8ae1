/**
 * Encodes and decodes the ONNX messages of `onnx.proto`, described by field tables.
 *
 * The descriptors that protoc generates would add protobuf's own schema to the page. A test
 * compares the tables with the generated code (`gen/`), which the page does not load.
 */
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { defined } from '../checked.ts';

interface ScalarTypes {
  int32: number;
  int64: bigint;
  float: number;
  double: number;
  string: string;
  bytes: Uint8Array;
}
type Scalar = keyof ScalarTypes;
type How = 'one' | 'maybe' | 'list' | 'packed';

/**
 * Field number, type and cardinality. A missing `one` field has its default value (undefined for a
 * message), a missing `maybe` field is undefined. A `list` has one entry per occurrence; a `packed`
 * list is written as one block.
 */
type Field = readonly [number: number, kind: Scalar | Table<Fields>, how: How];
interface Fields {
  readonly [name: string]: Field;
}

export interface Table<F extends Fields> {
  readonly fields: F;
  readonly names: ReadonlyMap<number, string>;
}

type Of<K> = K extends Scalar ? ScalarTypes[K] : K extends Table<infer F> ? MessageOf<F> : never;
type Value<F extends Field> = F[2] extends 'list' | 'packed'
  ? Of<F[1]>[]
  : F[2] extends 'maybe'
    ? Of<F[1]> | undefined
    : F[1] extends Scalar
      ? Of<F[1]>
      : Of<F[1]> | undefined;
type MessageOf<F extends Fields> = { [N in keyof F]: Value<F[N]> };
type InitOf<F extends Fields> = {
  [N in keyof F]?: F[N][1] extends Table<infer G>
    ? F[N][2] extends 'list'
      ? readonly InitOf<G>[]
      : InitOf<G>
    : F[N][2] extends 'list' | 'packed'
      ? readonly Of<F[N][1]>[]
      : Of<F[N][1]>;
};

/** A decoded message: every field is present. */
export type Message<T> = T extends Table<infer F> ? MessageOf<F> : never;
/** A message to write: omitted fields are not written. */
export type Init<T> = T extends Table<infer F> ? InitOf<F> : never;

const table = <const F extends Fields>(fields: F): Table<F> => ({
  fields,
  names: new Map(Object.entries(fields).map(([name, [number]]) => [number, name])),
});

const externalEntry = table({ key: [1, 'string', 'one'], value: [2, 'string', 'one'] });

export const tensorProto = table({
  dims: [1, 'int64', 'list'],
  dataType: [2, 'int32', 'one'],
  floatData: [4, 'float', 'packed'],
  int32Data: [5, 'int32', 'packed'],
  int64Data: [7, 'int64', 'packed'],
  name: [8, 'string', 'one'],
  rawData: [9, 'bytes', 'one'],
  doubleData: [10, 'double', 'packed'],
  externalData: [13, externalEntry, 'list'],
  dataLocation: [14, 'int32', 'one'],
});

/** A subgraph (`g`) stays bytes, so no file can make the reader recurse. */
export const attributeProto = table({
  name: [1, 'string', 'one'],
  f: [2, 'float', 'one'],
  i: [3, 'int64', 'one'],
  s: [4, 'bytes', 'one'],
  t: [5, tensorProto, 'one'],
  g: [6, 'bytes', 'one'],
  floats: [7, 'float', 'list'],
  ints: [8, 'int64', 'list'],
  strings: [9, 'bytes', 'list'],
  type: [20, 'int32', 'one'],
});

const dimension = table({ dimValue: [1, 'int64', 'maybe'], dimParam: [2, 'string', 'maybe'] });
const tensorType = table({
  elemType: [1, 'int32', 'one'],
  shape: [2, table({ dim: [1, dimension, 'list'] }), 'one'],
});

export const valueInfoProto = table({
  name: [1, 'string', 'one'],
  type: [2, table({ tensorType: [1, tensorType, 'one'] }), 'one'],
});

export const nodeProto = table({
  input: [1, 'string', 'list'],
  output: [2, 'string', 'list'],
  name: [3, 'string', 'one'],
  opType: [4, 'string', 'one'],
  attribute: [5, attributeProto, 'list'],
  domain: [7, 'string', 'one'],
});

export const graphProto = table({
  node: [1, nodeProto, 'list'],
  name: [2, 'string', 'one'],
  initializer: [5, tensorProto, 'list'],
  input: [11, valueInfoProto, 'list'],
  output: [12, valueInfoProto, 'list'],
  sparseInitializer: [15, 'bytes', 'list'],
});

export const modelProto = table({
  irVersion: [1, 'int64', 'one'],
  producerName: [2, 'string', 'one'],
  producerVersion: [3, 'string', 'one'],
  graph: [7, graphProto, 'one'],
  opsetImport: [8, table({ domain: [1, 'string', 'one'], version: [2, 'int64', 'one'] }), 'list'],
  functions: [25, 'bytes', 'list'],
});

/**
 * Decodes a message; `bytes` fields are views of `bytes`. Throws RangeError if the bytes end too
 * early, and another Error if they are not such a message.
 */
export function decodeMessage<T extends Table<Fields>>(of: T, bytes: Uint8Array): Message<T> {
  return read(of, new BinaryReader(bytes), bytes.length, empty(of)) as Message<T>;
}

/** Encodes a message, with the fields in the order of their numbers. */
export function encodeMessage<T extends Table<Fields>>(of: T, message: Init<T>): Uint8Array {
  const writer = new BinaryWriter();
  write(of, message as Loose, writer);
  return writer.finish();
}

type Loose = Record<string, unknown>;

const ZERO: ScalarTypes = {
  int32: 0,
  int64: 0n,
  float: 0,
  double: 0,
  string: '',
  bytes: new Uint8Array(0),
};

const isList = (how: How): boolean => how === 'list' || how === 'packed';

function empty({ fields }: Table<Fields>): Loose {
  const message: Loose = {};
  for (const name in fields) {
    const [, kind, how] = defined(fields[name]);
    message[name] = isList(how)
      ? []
      : how === 'maybe' || typeof kind === 'object'
        ? undefined
        : ZERO[kind];
  }
  return message;
}

function read(
  { fields, names }: Table<Fields>,
  reader: BinaryReader,
  end: number,
  message: Loose,
): Loose {
  while (reader.pos < end) {
    const [number, wire] = reader.tag();
    const name = names.get(number);
    if (name === undefined) {
      reader.skip(wire, number);
      continue;
    }
    const [, kind, how] = defined(fields[name]);
    if (typeof kind === 'object') {
      const length = reader.uint32();
      const from = how === 'list' ? undefined : (message[name] as Loose | undefined);
      const part = read(kind, reader, reader.pos + length, from ?? empty(kind));
      if (how === 'list') (message[name] as unknown[]).push(part);
      else message[name] = part;
    } else if (!isList(how)) message[name] = reader[kind]();
    else if (wire === WireType.LengthDelimited && kind !== 'string' && kind !== 'bytes') {
      // A parser must accept packed and unpacked lists, whatever the schema declares.
      for (const stop = reader.uint32() + reader.pos; reader.pos < stop;)
        (message[name] as unknown[]).push(reader[kind]());
    } else (message[name] as unknown[]).push(reader[kind]());
  }
  return message;
}

const WIRE: Record<Scalar, WireType> = {
  int32: WireType.Varint,
  int64: WireType.Varint,
  float: WireType.Bit32,
  double: WireType.Bit64,
  string: WireType.LengthDelimited,
  bytes: WireType.LengthDelimited,
};

function write({ fields }: Table<Fields>, message: Loose, writer: BinaryWriter): void {
  for (const name in fields) {
    const [number, kind, how] = defined(fields[name]);
    const value = message[name];
    if (value === undefined) continue;
    if (how === 'packed') {
      if ((value as unknown[]).length === 0) continue;
      writer.tag(number, WireType.LengthDelimited).fork();
      for (const one of value as unknown[]) scalar(writer, kind as Scalar, one);
      writer.join();
      continue;
    }
    for (const one of how === 'list' ? (value as unknown[]) : [value]) {
      if (typeof kind !== 'object') {
        writer.tag(number, WIRE[kind]);
        scalar(writer, kind, one);
        continue;
      }
      writer.tag(number, WireType.LengthDelimited).fork();
      write(kind, one as Loose, writer);
      writer.join();
    }
  }
}

const scalar = (writer: BinaryWriter, kind: Scalar, value: unknown): unknown =>
  (writer[kind] as (value: unknown) => unknown).call(writer, value);
