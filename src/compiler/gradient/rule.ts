/** The interface of a gradient rule, and helpers to write one. */
import { defined } from '../../checked.ts';
import type { Attribute } from '../../onnx/graph.ts';
import type { Builder } from '../builder.ts';
import { permutation } from '../fold/layout.ts';
import { sameDims, type Step, type Value } from '../value.ts';

export type Term = Value | number;

/** Arithmetic on values; numbers are scalars. */
export class Algebra {
  readonly b: Builder;
  constructor(b: Builder) {
    this.b = b;
  }

  one(op: string, terms: readonly Term[], attributes: Record<string, Attribute> = {}): Value {
    return this.b.one(
      op,
      terms.map((t) => (typeof t === 'number' ? this.b.scalar(t) : t)),
      attributes,
    );
  }

  add(x: Term, y: Term): Value {
    return this.one('Add', [x, y]);
  }
  sub(x: Term, y: Term): Value {
    return this.one('Sub', [x, y]);
  }
  div(x: Term, y: Term): Value {
    return this.one('Div', [x, y]);
  }
  neg(x: Value): Value {
    return this.one('Neg', [x]);
  }
  square(x: Value): Value {
    return this.mul(x, x);
  }

  /** A factor that was expanded to the other's dims is used unexpanded: the product broadcasts. */
  mul(x: Term, y: Term): Value {
    return this.one('Mul', [unexpanded(x, y), unexpanded(y, x)]);
  }

  /** `x` where `op(a, b)` is true, else `y`. */
  where(
    op: 'Equal' | 'Greater' | 'GreaterOrEqual',
    { a, b, x, y }: { a: Term; b: Term; x: Term; y: Term },
  ): Value {
    return this.one('Where', [this.one(op, [a, b]), x, y]);
  }

  /** Sum or mean over `axes`, which remain with size 1. */
  reduce(op: 'ReduceSum' | 'ReduceMean', x: Value, axes: readonly number[]): Value {
    return this.one(op, [x, this.b.integers(axes)], { keepdims: { type: 'int', value: 1 } });
  }

  /** Swaps the last two axes; merges with a preceding Transpose. */
  swap(x: Value): Value {
    const n = x.dims.length;
    const perm = x.dims.map((_, i) => (i < n - 2 ? i : 2 * n - 3 - i));
    const before = x.kind === 'computed' && x.step?.op === 'Transpose' ? x.step : null;
    if (!before) return this.b.transpose(x, perm);
    const first = permutation({ ...before, outputs: 1 });
    return this.b.transpose(
      defined(before.inputs[0]),
      perm.map((p) => first[p]!),
    );
  }
}

function unexpanded(x: Term, other: Term): Term {
  if (
    typeof x === 'number' ||
    typeof other === 'number' ||
    x.kind !== 'computed' ||
    x.step?.op !== 'Expand'
  )
    return x;
  return sameDims(x.dims, other.dims) ? defined(x.step.inputs[0]) : x;
}

export interface Backward {
  m: Algebra;
  step: Step;
  /** First input and output. */
  x: Value;
  y: Value;
  /** Gradient of the first output, or of another if it has none. */
  dy: Value;
  /** Gradients of all outputs; undefined for an output without a gradient. */
  dys: readonly (Value | undefined)[];
}

/**
 * Returns the gradient of each input, computed on demand; null for none. A larger gradient is
 * summed to the dims of its input, a smaller one expanded, so rules ignore broadcasting.
 */
export type GradientRule = (at: Backward) => readonly ((() => Value) | null)[];

export type GradientRules = Readonly<Record<string, GradientRule>>;
