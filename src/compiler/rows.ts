/**
 * Rewrites a part of the specialised graph for a few consecutive tokens instead of the whole
 * sequence. Generation runs the result (docs/generation.md).
 *
 * Every value that depends on the tokens has one token axis. Here that axis has `rows` entries
 * instead of `capacity`. Constants along that axis (rotations, positions, masks) are multiplied by
 * `here`, whose row i is one at the position of token i. Only attention reads other tokens: through
 * the second operand of its two products. The rewrite follows that operand back to its smallest
 * form and joins the new rows with the KV cache there. The engine holds the cache.
 */
import { defined, elementAt } from '../checked.ts';
import { AtlasError } from '../errors.ts';
import type { Builder } from './builder.ts';
import { broadcasting } from './fold/elementwise.ts';
import { axisOf, int } from './fold/rule.ts';
import { ruleKey, rules } from './fold/index.ts';
import { stepOn } from './rewrite.ts';
import {
  Clash,
  count,
  type ComputedValue,
  type ConstantValue,
  type Shape,
  type Step,
  type Value,
} from './value.ts';

/** The number of tokens per run and the maximum length of the text, `rows < capacity`. */
export interface Span {
  rows: number;
  capacity: number;
}

/** An operand of an attention product: the rows computed here, and the input with earlier rows. */
export interface Cached {
  rows: Value;
  cache: ComputedValue;
  width: number;
}

/** A value with `rows` in place of `capacity` along `axis`. */
interface Rows {
  value: Value;
  axis: number;
}

/** Changes a step's output `y`, given its rewritten first input `x`. */
export type Change = (step: Step, x: Value, y: Value) => Value;

/** Large enough to vanish in any softmax. Infinity would give NaN when multiplied by 0. */
const MASKED = -1e30;

const flattening: ReadonlySet<string> = new Set(['Reshape', 'Unsqueeze', 'Squeeze', 'Flatten']);
/** Operators that only move or repeat the elements of their first input. */
const relabelling: ReadonlySet<string> = new Set([...flattening, 'Transpose', 'Expand']);

/**
 * The input of a step that only changes its shape or multiplies it by a scalar; null for any other
 * step.
 */
function sourceOf({ op, inputs: [a, b] }: Step): ComputedValue | null {
  const plain =
    relabelling.has(op) ||
    ((op === 'Mul' || op === 'Div') && b && !depends(b) && count(b.dims) === 1);
  return plain && depends(a) ? a : null;
}

const along: ReadonlySet<string> = new Set([
  'Softmax',
  'LayerNormalization',
  'SimplifiedLayerNormalization',
]);
/**
 * Operators that treat every token alike, or whose dims show when they do not. Other operators
 * could mix tokens undetected.
 */
const tokenwise: ReadonlySet<string> = new Set([
  ...broadcasting,
  ...relabelling,
  ...along,
  'MatMul',
  'Gemm',
  'MatMulNBits',
  'MatMulBnb4',
  'Concat',
  'Split',
  'Slice',
  'Gather',
  'Cast',
  'Clip',
  'Not',
  'IsNaN',
  'ReduceSum',
  'ReduceMean',
  'ReduceMax',
  'ReduceMin',
  'Neg',
  'Abs',
  'Sqrt',
  'Exp',
  'Log',
  'Sin',
  'Cos',
  'Tanh',
  'Erf',
  'Reciprocal',
  'Sign',
  'Relu',
  'Sigmoid',
  'Softplus',
]);

const depends = (v: Value | null | undefined): v is ComputedValue =>
  v?.kind === 'computed' && v.depends;

export class RowForm {
  /** Leaf `[rows, capacity]`: row i is 1 at the position of token i, else 0. */
  readonly here: ComputedValue;
  /** The caches that the rewritten values read, in the order of discovery. */
  readonly caches: Cached[] = [];
  private readonly b: Builder;
  private readonly span: Span;
  private readonly change: Change;
  private readonly known = new Map<Value, Rows>();
  private readonly whole = new Map<Value, Value>();
  /** Rows of tables that several steps read, such as rotations for queries and keys. */
  private readonly picked = new Map<Value, { axis: number; collapse: boolean; rows: Value }>();
  private usesHere = false;

  /** `starts`: values of the graph, `[1, capacity, …]`, and their replacements, `[1, rows, …]`. */
  constructor(
    b: Builder,
    span: Span,
    starts: readonly (readonly [Value, Value])[],
    change: Change = (_, __, y) => y,
  ) {
    this.b = b;
    this.span = span;
    this.change = change;
    this.here = b.leaf({ type: 'float32', dims: [span.rows, span.capacity] }, false);
    for (const [from, value] of starts) this.known.set(from, { value, axis: 1 });
  }

  /** Whether the rewritten values need the token positions. */
  get needsHere(): boolean {
    return this.usesHere;
  }

  /**
   * Returns the rows of a value. Throws `operator` if tokens interact outside attention's two
   * products.
   */
  of(value: Value): Value {
    return this.visit(value).value;
  }

  private visit(value: Value): Rows {
    if (!this.known.has(value)) {
      if (!depends(value) || !value.step)
        throw new Clash('part of the model bypasses the residual stream');
      this.step(value.step);
    }
    return defined(this.known.get(value));
  }

  private step(step: Step): void {
    const first = step.inputs[0];
    if (!tokenwise.has(step.op) || !step.inputs.some(depends)) throw refusal(step);
    const outputs =
      step.op === 'MatMul' && depends(step.inputs[1]) ? this.attend(step) : this.emit(step);
    const x = depends(first) ? this.of(first) : first;
    step.outputs.forEach((old, i) => {
      const made = elementAt(outputs, i);
      const value = i === 0 && x ? this.change(step, x, made) : made;
      this.known.set(old, { value, axis: this.axisOf(step, old, value) });
    });
  }

  /** An attention product: rows of queries (or attention weights) times all keys (or values). */
  private attend(step: Step): Value[] {
    const [a, b] = step.inputs as [Value, Value];
    if (!depends(a)) throw refusal(step);
    return this.made(step, [this.of(a), this.everywhere(b)]);
  }

  private emit(step: Step): Value[] {
    const { b } = this;
    const [old] = step.outputs as [ComputedValue];
    const lead = defined(step.inputs.find(depends));
    const { value, axis } = this.visit(lead);
    const fromEnd = lead.dims.length - axis;
    if (along.has(step.op) && axisOf(int(step, 'axis', -1), lead.dims.length) <= axis)
      throw refusal(step);
    if (step.op === 'Gemm' && int(step, 'transA', 0)) throw refusal(step);
    if (flattening.has(step.op)) {
      // The token axis has as many elements before it as in the input.
      const before = count(lead.dims.slice(0, axis));
      const at = old.dims.findIndex(
        (d, i) => d === this.span.capacity && count(old.dims.slice(0, i)) === before,
      );
      if (at < 0) throw refusal(step);
      return [
        b.reshape(
          value,
          old.dims.map((d, i) => (i === at ? this.span.rows : d)),
        ),
      ];
    }
    if (step.op === 'Expand') {
      return [
        b.one('Expand', [
          value,
          b.integers(
            old.dims.map((d, i) => (i === old.dims.length - fromEnd ? this.span.rows : d)),
          ),
        ]),
      ];
    }
    const aligned = broadcasting.has(step.op) || step.op === 'Concat';
    return this.made(
      step,
      step.inputs.map((v) => {
        if (!v || depends(v)) return v && this.of(v);
        return aligned ? this.constantRows(v, v.dims.length - fromEnd, step.op !== 'Concat') : v;
      }),
    );
  }

  /** The step on other inputs, with shapes inferred again. */
  private made(step: Step, inputs: readonly (Value | null)[]): Value[] {
    const call = { inputs, attributes: step.attributes, outputs: step.outputs.length };
    let shapes: Shape[];
    try {
      shapes = defined(rules.get(ruleKey(step.domain, step.op))).infer(call);
    } catch (e) {
      throw e instanceof Clash ? refusal(step, e) : e;
    }
    const copy: Step = { ...step, inputs, outputs: [] };
    copy.outputs = step.outputs.map((v, i) => ({ ...v, ...elementAt(shapes, i), step: copy }));
    return copy.outputs;
  }

  /** The one axis that became shorter. */
  private axisOf(step: Step, old: Value, value: Value): number {
    const { rows, capacity } = this.span;
    const changed = old.dims.flatMap((d, i) => (d === value.dims[i] ? [] : [i]));
    const [axis] = changed;
    if (
      changed.length !== 1 ||
      old.dims.length !== value.dims.length ||
      old.dims[defined(axis)] !== capacity ||
      value.dims[defined(axis)] !== rows
    )
      throw refusal(step);
    return defined(axis);
  }

  /** The rows of a value that does not depend on the tokens. `collapse`: the reader broadcasts. */
  private constantRows(v: Value, axis: number, collapse: boolean): Value {
    const {
      b,
      span: { rows, capacity },
    } = this;
    const known = this.picked.get(v);
    if (axis < 0 || v.dims[axis] !== capacity) return v;
    if (known?.axis === axis && known.collapse === collapse) return known.rows;
    let table = v;
    if (v.kind === 'constant') {
      const { constant } = v;
      const stored = constant.stored[axis] === 1;
      const dims = v.dims.map((d, i) =>
        i === axis ? (stored ? rows : capacity) : collapse ? constant.stored[i]! : d,
      );
      table = { ...v, dims, constant: { ...constant, dims } };
      if (stored) return table;
    }
    if (table.type !== 'float32' && table.type !== 'bool')
      throw new Clash(`a table of ${table.type} along the tokens`);
    if (table.kind === 'constant') table = finite(table);
    this.usesHere = true;
    let own = this.fromFront(
      b.one('MatMul', [this.here, this.toFront(table, axis)]),
      table.dims,
      axis,
      rows,
    );
    if (v.type === 'bool') own = b.one('Greater', [own, b.scalar(0.5)]);
    this.picked.set(v, { axis, collapse, rows: own });
    return own;
  }

  /** Keys or values of all tokens, in the form that attention reads. */
  private everywhere(value: Value): Value {
    let small = value;
    for (let at: Value | null = value; depends(at) && at.step; at = sourceOf(at.step))
      if (count(at.dims) <= count(small.dims)) small = at;
    const all = this.joined(small);
    const relabelled = (v: Value): Value => {
      if (v === small) return all;
      const { step } = v as ComputedValue;
      return elementAt(
        stepOn(defined(step), [
          relabelled(defined(defined(step).inputs[0])),
          ...defined(step).inputs.slice(1),
        ]).outputs,
        0,
      );
    };
    return relabelled(value);
  }

  /** Joins the rows of a value to those of its cache. */
  private joined(value: Value): Value {
    const found = this.whole.get(value);
    if (found) return found;
    const {
      b,
      span: { capacity },
    } = this;
    const { value: own, axis } = this.visit(value);
    const rows = this.toFront(own, axis);
    const width = rows.dims[1]!;
    const cache = b.leaf({ type: 'float32', dims: [capacity, width] }, false);
    this.caches.push({ rows, cache, width });
    this.usesHere = true;
    const all = this.fromFront(
      b.one('Gemm', [this.here, rows, cache], { transA: { type: 'int', value: 1 } }),
      value.dims,
      axis,
      capacity,
    );
    this.whole.set(value, all);
    return all;
  }

  /** `[…, n at axis, …]` as `[n, rest]`. */
  private toFront(v: Value, axis: number): Value {
    const n = v.dims[axis]!;
    const flat = [n, count(v.dims) / n];
    if (count(v.dims.slice(0, axis)) === 1) return this.b.reshape(v, flat);
    return this.b.reshape(this.b.transpose(v, [axis, ...others(v.dims.length, axis)]), flat);
  }

  /** The inverse of `toFront`: `dims` with n at the axis. */
  private fromFront(v: Value, dims: readonly number[], axis: number, n: number): Value {
    const out = dims.map((d, i) => (i === axis ? n : d));
    const rest = others(dims.length, axis);
    if (count(dims.slice(0, axis)) === 1) return this.b.reshape(v, out);
    const moved = [axis, ...rest];
    const perm = out.map((_, i) => moved.indexOf(i));
    return this.b.transpose(
      this.b.reshape(
        v,
        moved.map((i) => out[i]!),
      ),
      perm,
    );
  }
}

const others = (rank: number, axis: number): number[] =>
  Array.from({ length: rank }, (_, i) => i).filter((i) => i !== axis);

/** A table as finite float32, so that multiplying by 0 gives 0. */
function finite(v: ConstantValue): ConstantValue {
  const data = Float32Array.from(v.constant.data, (x) => Math.max(x, MASKED));
  return { ...v, type: 'float32', constant: { ...v.constant, type: 'float32', data } };
}

const refusal = (step: Step, cause?: Error): AtlasError =>
  new AtlasError(
    'operator',
    { where: 'Generating text', operator: `${step.op} across tokens` },
    { cause },
  );
