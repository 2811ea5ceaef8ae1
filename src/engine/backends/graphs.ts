/** Builders for the engine's own graphs. */
import { writeGraph } from '../../onnx/write.ts';
import type { Attribute, Node, Tensor, ValueInfo } from '../../onnx/graph.ts';
import type { ElementType } from '../../onnx/types.ts';

export const value = (name: string, type: ElementType, dims: (number | string)[]): ValueInfo => ({
  name,
  type,
  dims,
});
export const int = (n: number): Attribute => ({ type: 'int', value: n });

export function node({
  op,
  inputs,
  output,
  attributes = {},
  domain = '',
}: {
  op: string;
  inputs: string[];
  output: string;
  attributes?: Record<string, Attribute>;
  domain?: string;
}): Node {
  return {
    name: output,
    op,
    domain,
    inputs,
    outputs: [output],
    attributes: new Map(Object.entries(attributes)),
  };
}

interface ModelExtras {
  initialisers?: ReadonlyMap<string, Tensor>;
  opset?: number;
}

export function model(
  nodes: Node[],
  inputs: ValueInfo[],
  outputs: ValueInfo[],
  { initialisers = new Map(), opset = 17 }: ModelExtras = {},
): Uint8Array {
  return writeGraph({
    file: 'engine',
    producer: 'rank-atlas',
    irVersion: opset < 21 ? 8 : 10,
    opsets: new Map([
      ['', opset],
      ['com.microsoft', 1],
    ]),
    nodes,
    initialisers,
    inputs,
    outputs,
  });
}
