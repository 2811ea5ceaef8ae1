/**
 * Builds the specialised graph one operator at a time: lowers fused operators, infers shapes, folds
 * constants and removes operators without effect. Everything that is known for a fixed batch and
 * length is folded here.
 */
import { defined, elementAt } from '../checked.ts';
import { AtlasError } from '../errors.ts';
import { shown, type Attribute, type Attributes } from '../onnx/graph.ts';
import { rules, ruleKey } from './fold/index.ts';
import { vector, type Constant } from './fold/constant.ts';
import { constantOf, type Call } from './fold/rule.ts';
import { lowerings } from './lower/index.ts';
import {
  Clash,
  Unsupported,
  type ComputedValue,
  type ConstantValue,
  type Shape,
  type Step,
  type Value,
} from './value.ts';

export interface EmitOptions {
  domain?: string;
  attributes?: Attributes | Record<string, Attribute>;
  /** Number of outputs, by default 1. */
  outputs?: number;
}

/** A table lookup by token id, done by the engine (`TableLookup`). */
export interface LookupRequest {
  key: string;
  rows: number;
  width: number;
  read(row: number, into: Float32Array): void;
  value: ComputedValue;
}

/** Facts that the builder finds and that no shape shows. */
export interface Facts {
  /** Longest sequence the position tables allow. */
  maxLength: number;
  kvHeads: number | null;
  headDim: number | null;
  /**
   * The export rounds activations to 8 bits somewhere (accuracy_level 4, DynamicQuantizeLinear);
   * the pieces do not.
   */
  roundsActivations: boolean;
  /** Widths of q, k and v, by the value that holds them side by side. */
  packed: Map<Value, [number, number, number]>;
}

export class Builder {
  readonly file: string;
  readonly batch: number;
  readonly length: number;
  readonly steps: Step[] = [];
  readonly lookups: LookupRequest[] = [];
  readonly facts: Facts = {
    maxLength: Infinity,
    kvHeads: null,
    headDim: null,
    roundsActivations: false,
    packed: new Map(),
  };
  /** Name of the node being built, for messages and module paths. */
  node = '';
  private readonly known = new Map<string, Value[]>();
  private readonly short = new Map<string, Value>();
  private readonly ids = new Map<Value, number>();

  constructor(file: string, batch: number, length: number) {
    this.file = file;
    this.batch = batch;
    this.length = length;
  }

  /** Builds one node of the export. Errors name the node. Throws `operator` or `bad-graph`. */
  build(
    name: string,
    op: string,
    inputs: readonly (Value | null)[],
    options: EmitOptions,
  ): (Value | null)[] {
    this.node = name;
    try {
      return this.emit(op, inputs, options);
    } catch (e) {
      if (e instanceof Unsupported)
        throw new AtlasError(
          'operator',
          { where: `node "${shown(name)}"`, operator: `${shown(op)} with ${e.message}` },
          { cause: e },
        );
      if (e instanceof Clash || e instanceof RangeError) {
        throw new AtlasError(
          'bad-graph',
          { file: this.file, why: `node "${shown(name)}" (${op}): ${e.message}` },
          { cause: e },
        );
      }
      throw e;
    }
  }

  emit(
    op: string,
    inputs: readonly (Value | null)[],
    { domain = '', attributes = {}, outputs = 1 }: EmitOptions = {},
  ): (Value | null)[] {
    const call = {
      inputs,
      outputs,
      attributes: attributes instanceof Map ? attributes : new Map(Object.entries(attributes)),
    };
    const key = ruleKey(domain, op);
    const lowered = lowerings.get(key)?.(this, call);
    if (lowered) return lowered;
    const rule = rules.get(key);
    if (!rule)
      throw new AtlasError('operator', {
        where: `node "${shown(this.node)}"`,
        operator: shown(key),
      });
    const shapes = rule.infer(call);
    const same = rule.same?.(call, shapes);
    if (same !== null && same !== undefined) return [defined(inputs[same])];
    const known = inputs.every((v) => v === null || v.kind !== 'computed');
    if (rule.evaluate && rule.shapeOnly)
      return rule.evaluate(call, shapes).map((c) => this.interned(c));
    if (rule.evaluate && known && !staysWeight(op, inputs))
      return this.folded(key, call, () => defined(rule.evaluate)(call, shapes));
    return this.step({
      op,
      domain,
      inputs: call.inputs,
      attributes: call.attributes,
      shapes: shapes.slice(0, outputs),
    });
  }

  /**
   * Evaluates a constant expression once for all layers: the same operator on the same values gives
   * the same value.
   */
  private folded(key: string, call: Call, evaluate: () => Constant[]): Value[] {
    const attributes = [...call.attributes].map(([name, a]) =>
      a.type === 'tensor' || a.type === 'graph' ? null : `${name}=${a.value}`,
    );
    const values = call.inputs.map((v) => (v ? this.idOf(v) : 0));
    if (attributes.includes(null)) return evaluate().map((c) => this.interned(c));
    const id = `${key}(${values})${attributes}/${call.outputs}`;
    let found = this.known.get(id);
    if (!found) this.known.set(id, (found = evaluate().map((c) => this.interned(c))));
    return found;
  }

  /** Short constants with equal contents are one value. */
  private interned(c: Constant): Value {
    if (c.data.length > 16) return constantValue(c);
    const id = `${c.type}[${c.dims}][${c.stored}]${c.data}`;
    let found = this.short.get(id);
    if (!found) this.short.set(id, (found = constantValue(c)));
    return found;
  }

  private idOf(value: Value): number {
    let id = this.ids.get(value);
    if (!id) this.ids.set(value, (id = this.ids.size + 1));
    return id;
  }

  /** `emit` for operators with one output. */
  one(
    op: string,
    inputs: readonly (Value | null)[],
    attributes: Record<string, Attribute> = {},
    domain = '',
  ): Value {
    return defined(this.emit(op, inputs, { attributes, domain })[0]);
  }

  /**
   * Adds a step with a shape given by the caller, without inference or folding (blocked
   * dequantisation, Pad).
   */
  make(
    op: string,
    inputs: readonly Value[],
    shape: Shape,
    attributes: Record<string, Attribute> = {},
  ): Value {
    return elementAt(
      this.step({
        op,
        domain: '',
        inputs,
        attributes: new Map(Object.entries(attributes)),
        shapes: [shape],
      }),
      0,
    );
  }

  reshape(x: Value, dims: readonly number[]): Value {
    return this.one('Reshape', [x, this.integers(dims)]);
  }

  transpose(x: Value, perm: readonly number[]): Value {
    return this.one('Transpose', [x], { perm: { type: 'ints', value: perm } });
  }

  /** An int64 vector, as shape operands require. */
  integers(values: readonly number[]): ConstantValue {
    return constantValue(vector('int64', values));
  }

  scalar(value: number): ConstantValue {
    return constantValue({ type: 'float32', dims: [], stored: [], data: Float32Array.of(value) });
  }

  /** A graph input: token ids, or the result of a lookup. */
  leaf(shape: Shape, ids: boolean): ComputedValue {
    return { kind: 'computed', ...shape, step: null, depends: true, ids };
  }

  private step({
    op,
    domain,
    inputs,
    attributes,
    shapes,
  }: {
    op: string;
    domain: string;
    inputs: Step['inputs'];
    attributes: Attributes;
    shapes: readonly Shape[];
  }): ComputedValue[] {
    const depends = inputs.some((v) => v?.kind === 'computed' && v.depends);
    const first = inputs[0];
    const ids = first?.kind === 'computed' && first.ids && preservesOrder.has(op);
    const step: Step = { name: this.node, op, domain, inputs, attributes, outputs: [] };
    step.outputs = shapes.map((s) => ({
      kind: 'computed',
      type: s.type,
      dims: s.dims,
      step,
      depends,
      ids,
    }));
    this.steps.push(step);
    return step.outputs;
  }
}

const preservesOrder: ReadonlySet<string> = new Set([
  'Reshape',
  'Unsqueeze',
  'Squeeze',
  'Flatten',
  'Cast',
]);

/**
 * Transposed and dequantised weights are not folded: they would be as large as the file. A piece
 * computes them when it runs, if at all.
 */
const staysWeight = (op: string, inputs: readonly (Value | null)[]): boolean =>
  inputs[0]?.kind === 'weight' &&
  ((op === 'Transpose' && inputs[0].dims.length === 2) || op === 'DequantizeLinear');

export function constantValue(constant: Constant): ConstantValue {
  return { kind: 'constant', type: constant.type, dims: constant.dims, constant };
}

/** Whether the value holds positions `0 … length−1` along the last axis, for every batch entry. */
export function isPositions(value: Value, length: number): boolean {
  const c = constantOf(value);
  return (
    !!c && length > 1 && c.stored.at(-1) === length && c.data.every((p, i) => p === i % length)
  );
}
