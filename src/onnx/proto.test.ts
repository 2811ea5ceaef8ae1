/**
 * Compares the field tables with the code that protoc generates from `onnx.proto`: the same
 * messages, the same bytes.
 */
import {
  create,
  fromBinary,
  ScalarType,
  toBinary,
  type DescField,
  type DescMessage,
} from '@bufbuild/protobuf';
import { WireType, BinaryWriter } from '@bufbuild/protobuf/wire';
import { expect, test } from 'vitest';
import { defined } from '../checked.ts';
import { tinyDecoder } from '../../test/tiny-decoder.ts';
import { file_onnx, ModelProtoSchema, TensorProtoSchema } from './gen/onnx_pb.ts';
import { decodeMessage, encodeMessage, modelProto, tensorProto } from './proto.ts';

const scalars: Partial<Record<ScalarType, string>> = {
  [ScalarType.INT32]: 'int32',
  [ScalarType.INT64]: 'int64',
  [ScalarType.FLOAT]: 'float',
  [ScalarType.DOUBLE]: 'double',
  [ScalarType.STRING]: 'string',
  [ScalarType.BYTES]: 'bytes',
};

type Tables = Parameters<typeof decodeMessage>[0];

function compare(table: Tables, message: DescMessage, seen: Set<string>): void {
  seen.add(message.typeName);
  expect(Object.keys(table.fields), message.typeName).toEqual(
    [...message.fields].sort((a, b) => a.number - b.number).map((f) => f.localName),
  );
  for (const field of message.fields) {
    const [number, kind, how] = defined(table.fields[field.localName]);
    expect([number, how], String(field)).toEqual([field.number, howOf(field)]);
    if (typeof kind === 'object') compare(kind, defined(field.message), seen);
    else expect(kind, String(field)).toBe(scalars[defined(field.scalar)]);
  }
}

function howOf(field: DescField): string {
  if (field.fieldKind === 'list') return field.packed ? 'packed' : 'list';
  return field.oneof && field.fieldKind === 'scalar' ? 'maybe' : 'one';
}

test('every field of every message of onnx.proto has its number, type and form', () => {
  const seen = new Set<string>();
  const nested = (m: DescMessage): string[] => [m.typeName, ...m.nestedMessages.flatMap(nested)];
  compare(modelProto, ModelProtoSchema, seen);
  expect([...seen].sort()).toEqual(file_onnx.messages.flatMap(nested).sort());
});

test('a model is written as the generated code writes it', () => {
  const bytes = tinyDecoder();
  const model = fromBinary(ModelProtoSchema, bytes);
  expect(toBinary(ModelProtoSchema, model)).toEqual(bytes);
  expect(encodeMessage(modelProto, decodeMessage(modelProto, bytes)).length).toBeGreaterThanOrEqual(
    bytes.length,
  ); // defaults are written out
});

test('lists in either form, fields given twice, fields nobody knows', () => {
  const packed = toBinary(
    TensorProtoSchema,
    create(TensorProtoSchema, {
      dims: [2n, -3n],
      int32Data: [-1, 7],
      doubleData: [0.5],
      floatData: [1.5, NaN],
    }),
  );
  const loose = new BinaryWriter()
    .tag(1, WireType.LengthDelimited)
    .fork()
    .int64(2n)
    .int64(-3n)
    .join()
    .tag(5, WireType.Varint)
    .int32(-1)
    .tag(99, WireType.LengthDelimited)
    .bytes(Uint8Array.of(1, 2))
    .tag(5, WireType.Varint)
    .int32(7)
    .tag(8, WireType.LengthDelimited)
    .string('first')
    .tag(8, WireType.LengthDelimited)
    .string('last é')
    .finish();
  const a = decodeMessage(tensorProto, packed);
  const b = decodeMessage(tensorProto, loose);
  expect(a).toMatchObject({
    dims: [2n, -3n],
    int32Data: [-1, 7],
    doubleData: [0.5],
    floatData: [1.5, NaN],
    name: '',
    dataLocation: 0,
  });
  expect(b).toMatchObject({ dims: [2n, -3n], int32Data: [-1, 7], name: 'last é' });
  // The two parts of a split message are merged.
  const graph = (field: number, text: string) =>
    new BinaryWriter()
      .tag(7, WireType.LengthDelimited)
      .fork()
      .tag(field, WireType.LengthDelimited)
      .string(text)
      .join()
      .finish();
  expect(
    decodeMessage(modelProto, Uint8Array.of(...graph(2, 'name'), ...graph(15, 'sparse'))).graph,
  ).toMatchObject({ name: 'name', sparseInitializer: [new TextEncoder().encode('sparse')] });
});

test('what ends too early is a RangeError, what is no message another error', () => {
  const bytes = tinyDecoder();
  for (const end of [bytes.length - 1, bytes.length >> 1, 40])
    expect(() => decodeMessage(modelProto, bytes.subarray(0, end))).toThrow(RangeError);
  expect(() => decodeMessage(modelProto, Uint8Array.of(0x07))).toThrow(/illegal tag/);
});
