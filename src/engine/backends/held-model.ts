/** Writes a graph with weights as constants, for a session that holds them. */
import type { WeightTensor } from '../../compiler/compiled.ts';
import type { Graph } from '../../onnx/graph.ts';
import { writeGraph } from '../../onnx/write.ts';

/**
 * `weights`: by input, which the model no longer has. `inside`: in the model itself. Otherwise as
 * external data, which onnxruntime-web reads from JavaScript's memory without a second copy.
 */
export function heldModel(
  graph: Graph,
  weights: ReadonlyMap<string, WeightTensor>,
  inside: boolean,
): { model: Uint8Array; externalData: { path: string; data: Uint8Array }[] | null } {
  const held = [...weights].map(([name, { type, dims, bytes }]) => ({ name, type, dims, bytes }));
  const whole = {
    ...graph,
    inputs: graph.inputs.filter(({ name }) => !weights.has(name)),
    initialisers: new Map([
      ...graph.initialisers,
      ...held.map((tensor) => [tensor.name, tensor] as const),
    ]),
  };
  if (inside) return { model: writeGraph(whole), externalData: null };
  const outside = new Map(
    held.map(({ name, bytes }) => [name, { location: name, offset: 0, length: bytes.byteLength }]),
  );
  return {
    model: writeGraph(whole, outside),
    externalData: held.map(({ name, bytes }) => ({ path: name, data: bytes })),
  };
}
