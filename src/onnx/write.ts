/** Writes the graph as an ONNX file. Deterministic: equal graphs give equal bytes. */
import { defined } from '../checked.ts';
import type { Attribute, Graph, Tensor, ValueInfo } from './graph.ts';
import {
  encodeMessage,
  modelProto,
  type attributeProto,
  type Init,
  type tensorProto,
  type valueInfoProto,
} from './proto.ts';
import { codeOf } from './types.ts';

/** Position of a weight in an external data file. */
export interface OutsidePlace {
  location: string;
  offset: number;
  length: number;
}

/** Weights in `outside`, by name, are written as references to external data. */
export function writeGraph(
  graph: Graph,
  outside: ReadonlyMap<string, OutsidePlace> = new Map(),
): Uint8Array {
  return encodeMessage(modelProto, {
    irVersion: BigInt(graph.irVersion),
    producerName: graph.producer,
    opsetImport: [...graph.opsets].map(([domain, version]) => ({
      domain,
      version: BigInt(version),
    })),
    graph: {
      name: 'graph',
      node: graph.nodes.map((n) => ({
        name: n.name,
        opType: n.op,
        domain: n.domain,
        input: n.inputs,
        output: n.outputs,
        attribute: [...n.attributes].map(([name, a]) => writeAttribute(name, a)),
      })),
      initializer: [...graph.initialisers.values()].map((t) =>
        outside.has(t.name) ? pointTo(t, defined(outside.get(t.name))) : writeTensor(t),
      ),
      input: graph.inputs.map(writeValueInfo),
      output: graph.outputs.map(writeValueInfo),
    },
  });
}

function pointTo({ name, type, dims }: Tensor, place: OutsidePlace): Init<typeof tensorProto> {
  const externalData = Object.entries(place).map(([key, value]) => ({ key, value: String(value) }));
  return { name, dataType: codeOf(type), dims: dims.map(BigInt), externalData, dataLocation: 1 };
}

function writeTensor(t: Tensor): Init<typeof tensorProto> {
  return { name: t.name, dataType: codeOf(t.type), dims: t.dims.map(BigInt), rawData: t.bytes };
}

function writeAttribute(name: string, a: Attribute): Init<typeof attributeProto> {
  const utf8 = new TextEncoder();
  switch (a.type) {
    case 'float':
      return { name, type: 1, f: a.value };
    case 'int':
      return { name, type: 2, i: toInt64(a.value) };
    case 'string':
      return { name, type: 3, s: utf8.encode(a.value) };
    case 'tensor':
      return { name, type: 4, t: writeTensor(a.value) };
    case 'floats':
      return { name, type: 6, floats: a.value };
    case 'ints':
      return { name, type: 7, ints: a.value.map(toInt64) };
    case 'strings':
      return { name, type: 8, strings: a.value.map((s) => utf8.encode(s)) };
    case 'graph':
      throw new Error(`subgraph ${name} was not read and cannot be written`);
  }
}

function writeValueInfo(v: ValueInfo): Init<typeof valueInfoProto> {
  const dim = v.dims.map((d) =>
    typeof d === 'number' ? { dimValue: BigInt(d) } : { dimParam: d },
  );
  return { name: v.name, type: { tensorType: { elemType: codeOf(v.type), shape: { dim } } } };
}

const INT64_MAX = 2n ** 63n - 1n;

/** Converts a double to int64, saturating at the int64 range (sentinels). */
export function toInt64(value: number): bigint {
  const n = BigInt(value);
  return n > INT64_MAX ? INT64_MAX : n < -INT64_MAX - 1n ? -INT64_MAX - 1n : n;
}
