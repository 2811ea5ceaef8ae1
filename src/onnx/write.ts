/**
 * The small graph back to the bytes of an ONNX file. Deterministic: equal graphs give equal bytes.
 */
import { create, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { AttributeProtoSchema, ModelProtoSchema, TensorProtoSchema, ValueInfoProtoSchema } from './gen/onnx_pb.ts';
import type { Attribute, Graph, Tensor, ValueInfo } from './graph.ts';
import { codeOf } from './types.ts';

export function writeGraph(graph: Graph): Uint8Array {
  return toBinary(ModelProtoSchema, create(ModelProtoSchema, {
    irVersion: BigInt(graph.irVersion),
    producerName: graph.producer,
    opsetImport: [...graph.opsets].map(([domain, version]) => ({ domain, version: BigInt(version) })),
    graph: {
      name: 'graph',
      node: graph.nodes.map((n) => ({
        name: n.name, opType: n.op, domain: n.domain, input: [...n.inputs], output: [...n.outputs],
        attribute: [...n.attributes].map(([name, a]) => writeAttribute(name, a)),
      })),
      initializer: [...graph.initialisers.values()].map(writeTensor),
      input: graph.inputs.map(writeValueInfo),
      output: graph.outputs.map(writeValueInfo),
    },
  }));
}

function writeTensor(t: Tensor): MessageInitShape<typeof TensorProtoSchema> {
  return { name: t.name, dataType: codeOf(t.type), dims: t.dims.map(BigInt), rawData: t.bytes as Uint8Array<ArrayBuffer> };
}

function writeAttribute(name: string, a: Attribute): MessageInitShape<typeof AttributeProtoSchema> {
  const utf8 = new TextEncoder();
  switch (a.type) {
    case 'float': return { name, type: 1, f: a.value };
    case 'int': return { name, type: 2, i: toInt64(a.value) };
    case 'string': return { name, type: 3, s: utf8.encode(a.value) };
    case 'tensor': return { name, type: 4, t: writeTensor(a.value) };
    case 'floats': return { name, type: 6, floats: [...a.value] };
    case 'ints': return { name, type: 7, ints: a.value.map(toInt64) };
    case 'strings': return { name, type: 8, strings: a.value.map((s) => utf8.encode(s)) };
    case 'graph': throw new Error(`subgraph ${name} was not read and cannot be written`);
  }
}

function writeValueInfo(v: ValueInfo): MessageInitShape<typeof ValueInfoProtoSchema> {
  const dim = v.dims.map((d) => ({
    value: typeof d === 'number' ? { case: 'dimValue' as const, value: BigInt(d) } : { case: 'dimParam' as const, value: d },
  }));
  return { name: v.name, type: { value: { case: 'tensorType', value: { elemType: codeOf(v.type), shape: { dim } } } } };
}

const INT64_MAX = 2n ** 63n - 1n;

/** A double that stands for an int64: sentinels beyond its range come back as the largest or smallest one. */
export function toInt64(value: number): bigint {
  const n = BigInt(value);
  return n > INT64_MAX ? INT64_MAX : n < -INT64_MAX - 1n ? -INT64_MAX - 1n : n;
}
