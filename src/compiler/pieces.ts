/**
 * Writes a part of the specialised graph as a separate ONNX model. Weights are inputs and names are
 * canonical, so layers of equal structure give equal bytes.
 */
import { defined, elementAt } from '../checked.ts';
import type { Attributes, Graph, Node, Tensor, ValueInfo } from '../onnx/graph.ts';
import { Builder } from './builder.ts';
import type { WeightTensor } from './compiled.ts';
import { unpackedProduct } from './dequantise.ts';
import { encode, full, type Constant } from './fold/constant.ts';
import { broadcasting, preservesDims } from './fold/elementwise.ts';
import {
  Clash,
  count,
  sameDims,
  shapeText,
  type ComputedValue,
  type Step,
  type Value,
  type WeightValue,
} from './value.ts';
import { boundWeight } from './weight-tensor.ts';

export interface PieceRequest {
  opsets: ReadonlyMap<string, number>;
  /**
   * Possible activation and adapter inputs, by input name, with `dims` if some are symbolic. The
   * piece omits inputs that no step reads.
   */
  inputs: readonly (readonly [name: string, value: Value, dims?: readonly (number | string)[]])[];
  /** Outputs, by name, reshaped to `dims`; `shape` is set if some dims are symbolic. */
  outputs: readonly {
    name: string;
    value: Value;
    dims: readonly number[];
    shape?: readonly (number | string)[];
  }[];
}

export interface PlannedPiece {
  /** Equal for pieces whose models are byte-equal, and much shorter than the models. */
  signature: string;
  /** Names of the request's inputs that the piece reads, in order. */
  inputs: readonly string[];
  weights: Map<string, WeightTensor>;
  graph: Graph;
}

/**
 * Plans a piece; `writeGraph(plan.graph)` returns its bytes. Throws `Clash` if the piece depends on
 * anything but its inputs.
 */
export function planPiece(request: PieceRequest): PlannedPiece {
  return new PiecePlanner(request).plan();
}

const none: Attributes = new Map();

class PiecePlanner {
  private readonly request: PieceRequest;
  private readonly names = new Map<Value, string>();
  private readonly nodes: Node[] = [];
  private readonly constants = new Map<string, Tensor>();
  private readonly weights = new Map<string, WeightTensor>();
  private readonly weightInputs: ValueInfo[] = [];
  private readonly wanted = new Map<Value, string>();
  private readonly builder = new Builder('', 1, 1);
  private made = 0;

  constructor(request: PieceRequest) {
    this.request = request;
  }

  plan(): PlannedPiece {
    const { inputs, outputs, opsets } = this.request;
    const opset = defined(opsets.get(''));
    for (const [name, value] of inputs) this.names.set(value, name);
    for (const o of outputs)
      if (!this.names.has(o.value) && sameDims(o.value.dims, o.dims))
        this.wanted.set(o.value, o.name);
    for (const o of outputs) {
      const name = this.visit(o.value, null);
      if (name === o.name) continue;
      if (sameDims(o.value.dims, o.dims)) this.node('Identity', [name], o.name);
      else this.node('Reshape', [name, this.shape(o.dims)], o.name);
    }
    const info = (name: string, dims: ValueInfo['dims']): ValueInfo => ({
      name,
      type: 'float32',
      dims,
    });
    const domains = new Set(this.nodes.map((n) => n.domain));
    // The runtime's WebGPU provider puts an unused input on the CPU. Every run would copy it from
    // the GPU and wait.
    const read = new Set(this.nodes.flatMap((n) => n.inputs));
    const entering = inputs.filter(([name]) => read.has(name));
    const graph: Graph = {
      file: '',
      producer: 'rank-atlas',
      irVersion: opset < 21 ? 8 : 10,
      opsets: new Map([
        ['', opset],
        ...(domains.has('com.microsoft') ? [['com.microsoft', 1] as const] : []),
      ]),
      nodes: this.nodes,
      initialisers: this.constants,
      inputs: [
        ...entering.map(([name, v, dims]) => info(name, dims ?? v.dims)),
        ...this.weightInputs,
      ],
      outputs: outputs.map((o) => info(o.name, o.shape ?? o.dims)),
    };
    return {
      signature: signatureOf(graph),
      inputs: entering.map(([name]) => name),
      weights: this.weights,
      graph,
    };
  }

  /** Name of a value in the piece; adds its step if needed. `reader` is the step that reads it. */
  private visit(value: Value, reader: Step | null): string {
    const known = this.names.get(value);
    if (known) return known;
    if (value.kind === 'constant') return this.constant(full(value.constant));
    if (value.kind === 'weight') return this.weight(value, reader);
    this.step(value);
    return defined(this.names.get(value));
  }

  private step(value: ComputedValue): void {
    const { step } = value;
    if (!step) throw new Clash('part of the model bypasses the residual stream');
    const unpacked = unpackedProduct(this.builder, step);
    if (unpacked) {
      this.names.set(value, this.visit(unpacked, null));
      return;
    }
    const collapsed = collapsible(step);
    const inputs = step.inputs.map((v) => {
      if (!v) return '';
      return collapsed && v.kind === 'constant'
        ? this.constant({ ...v.constant, dims: v.constant.stored })
        : this.visit(v, step);
    });
    const outputs = step.outputs.map((v) => {
      const name = this.wanted.get(v) ?? this.fresh();
      this.names.set(v, name);
      return name;
    });
    this.nodes.push({
      name: '',
      op: step.op,
      domain: step.domain,
      inputs,
      outputs,
      attributes: sorted(step.attributes),
    });
  }

  /**
   * Weights become inputs. Scalar weights become constants, except in a dequantisation, where they
   * differ by layer.
   */
  private weight(value: WeightValue, reader: Step | null): string {
    const w = boundWeight(value);
    if (count(value.dims) === 1 && reader?.op !== 'DequantizeLinear') {
      return this.initialiser(w.type, w.dims, digest(w.bytes), () => w.bytes);
    }
    const name = `w${this.weights.size}`;
    this.weights.set(name, w);
    this.weightInputs.push({ name, type: w.type, dims: w.dims });
    this.names.set(value, name);
    return name;
  }

  private constant(c: Constant): string {
    let key = digests.get(c.data);
    if (!key) digests.set(c.data, (key = digest(encode(c))));
    return this.initialiser(c.type, c.dims, key, () => encode(c));
  }

  private shape(dims: readonly number[]): string {
    return this.constant({
      type: 'int64',
      dims: [dims.length],
      stored: [dims.length],
      data: Float64Array.from(dims),
    });
  }

  /** Equal contents share a name. */
  private initialiser(
    type: Tensor['type'],
    dims: readonly number[],
    contents: string,
    bytes: () => Uint8Array,
  ): string {
    const key = `${type}${shapeText(dims)}${contents}`;
    const found = this.constants.get(key);
    if (found) return found.name;
    const name = `c${this.constants.size}`;
    this.constants.set(key, { name, type, dims, bytes: bytes() });
    return name;
  }

  private node(op: string, inputs: string[], output: string): void {
    this.nodes.push({ name: '', op, domain: '', inputs, outputs: [output], attributes: none });
  }

  private fresh(): string {
    return `v${this.made++}`;
  }
}

const sorted = (attributes: Attributes): Attributes =>
  new Map([...attributes].sort(([a], [b]) => (a < b ? -1 : 1)));

/** Whether a step broadcasts its constants itself, so they may stay collapsed. */
function collapsible(step: Step): boolean {
  if (step.domain || !broadcasting.has(step.op)) return false;
  const shapes = step.inputs.map((input) => {
    const value = defined(input);
    return value.kind === 'constant' ? value.constant.stored : value.dims;
  });
  return preservesDims(shapes, elementAt(step.outputs, 0).dims);
}

const digests = new WeakMap<Constant['data'], string>();

function signatureOf(graph: Graph): string {
  const value = (v: ValueInfo) => `${v.name}:${v.type}${shapeText(v.dims)}`;
  const nodes = graph.nodes.map(
    (n) => `${n.domain}.${n.op}(${n.inputs})=(${n.outputs})${JSON.stringify([...n.attributes])}`,
  );
  return [
    ...graph.inputs.map(value),
    ...graph.outputs.map(value),
    ...graph.initialisers.keys(),
    ...nodes,
  ].join('\n');
}

/** A key for byte contents: short contents themselves, two hashes of long ones. */
function digest(bytes: Uint8Array): string {
  if (bytes.length <= 64) return String.fromCharCode(...bytes);
  let a = 0x811c9dc5;
  let b = 0x1b873593;
  for (let i = 0; i < bytes.length; i++) {
    a = Math.imul(a ^ bytes[i]!, 0x01000193);
    b = Math.imul((b ^ bytes[i]!) + i, 0x85ebca6b);
    b ^= b >>> 13;
  }
  return `${bytes.length}:${a >>> 0}:${b >>> 0}`;
}
