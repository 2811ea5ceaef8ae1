/** Shape inference and folding of elementwise operators, with broadcasting. */
import { defined, elementAt } from '../../checked.ts';
import { typeOf } from '../../onnx/types.ts';
import { Clash, count, sameDims, Unsupported, widened, type Shape } from '../value.ts';
import {
  broadcastDims,
  isInteger,
  numbers,
  stridesFor,
  walk,
  wholeOnly,
  type Constant,
} from './constant.ts';
import { constantOf, input, int, known, type Call, type Rule } from './rule.ts';

const erf = (x: number): number => {
  // Abramowitz and Stegun 7.1.26 is too coarse. The series and the continued fraction reach double
  // precision.
  const a = Math.abs(x);
  if (a > 6) return Math.sign(x);
  if (a < 2.5) {
    let term = a;
    let sum = a;
    for (let n = 1; n < 60; n++) {
      term *= -(a * a) / n;
      sum += term / (2 * n + 1);
    }
    return (Math.sign(x) * 2 * sum) / Math.sqrt(Math.PI);
  }
  let f = 0;
  for (let n = 40; n > 0; n--) f = n / 2 / (a + f);
  return Math.sign(x) * (1 - Math.exp(-a * a) / ((a + f) * Math.sqrt(Math.PI)));
};

const unary: Record<string, (x: number) => number> = {
  Neg: (x) => -x,
  Abs: Math.abs,
  Sign: Math.sign,
  Relu: (x) => Math.max(0, x),
};

/** For floating-point inputs only. */
const unaryFloat: typeof unary = {
  Sqrt: Math.sqrt,
  Exp: Math.exp,
  Log: Math.log,
  Sin: Math.sin,
  Cos: Math.cos,
  Tanh: Math.tanh,
  Erf: erf,
  Ceil: Math.ceil,
  Floor: Math.floor,
  Reciprocal: (x) => 1 / x,
  Sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  Softplus: (x) => Math.log1p(Math.exp(x)),
};

const binary: Record<string, (a: number, b: number) => number> = {
  Max: Math.max,
  Min: Math.min,
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Pow: (a, b) => a ** b,
};

const comparison: Record<string, (a: number, b: number) => boolean> = {
  Equal: (a, b) => a === b,
  Greater: (a, b) => a > b,
  GreaterOrEqual: (a, b) => a >= b,
  Less: (a, b) => a < b,
  LessOrEqual: (a, b) => a <= b,
  And: (a, b) => !!a && !!b,
  Or: (a, b) => !!a || !!b,
  Xor: (a, b) => !a !== !b,
};

/** Applies `f` elementwise; computes only the stored elements. */
function apply(
  call: Call,
  shape: Shape,
  f: (x: number, y: number, z: number) => number,
): Constant[] {
  const inputs = call.inputs.map((_, i) => known(call, i));
  const stored = broadcastDims(inputs.map((c) => c.stored));
  const data = numbers(shape.type, count(stored));
  const a = elementAt(inputs, 0).data;
  const b = inputs[1]?.data;
  const c = inputs[2]?.data;
  const strides = inputs.map((x) => stridesFor(x.stored, stored.length));
  const values = isInteger(shape.type) ? new Float64Array(data.length) : data;
  walk(stored, strides, (at, o) => {
    values[at] = f(a[o[0]!]!, b ? b[o[1]!]! : 0, c ? c[o[2]!]! : 0);
  });
  if (values !== data) {
    wholeOnly(shape.type, values);
    data.set(values);
  }
  return [{ type: shape.type, dims: shape.dims, stored, data }];
}

const dimsOf = (call: Call) => broadcastDims(call.inputs.map((_, i) => input(call, i).dims));

function sameType(call: Call, from = 0): Shape['type'] {
  const type = input(call, from).type;
  for (let i = from + 1; i < call.inputs.length; i++) {
    if (input(call, i).type !== type)
      throw new Clash(`its inputs have different types (${type}, ${input(call, i).type})`);
  }
  return type;
}

export const elementwise: Record<string, Rule> = {
  Not: {
    infer: (call) => [{ type: 'bool', dims: input(call, 0).dims }],
    evaluate: (call, [shape]) => apply(call, defined(shape), (x) => Number(!x)),
  },
  IsNaN: {
    infer: (call) => [{ type: 'bool', dims: input(call, 0).dims }],
    evaluate: (call, [shape]) => apply(call, defined(shape), (x) => Number(Number.isNaN(x))),
  },
  Div: {
    infer: (call) => [{ type: sameType(call), dims: dimsOf(call) }],
    evaluate: (call, [shape]) =>
      apply(
        call,
        defined(shape),
        isInteger(defined(shape).type) ? (a, b) => Math.trunc(a / b) : (a, b) => a / b,
      ),
  },
  Mod: {
    infer: (call) => [{ type: sameType(call), dims: dimsOf(call) }],
    evaluate: (call, [shape]) =>
      apply(
        call,
        defined(shape),
        int(call, 'fmod', 0) ? (a, b) => a % b : (a, b) => a - Math.floor(a / b) * b,
      ),
  },
  Where: {
    infer: (call) => {
      if (input(call, 0).type !== 'bool') throw new Clash('its condition is not boolean');
      return [{ type: sameType(call, 1), dims: dimsOf(call) }];
    },
    evaluate: (call, [shape]) => apply(call, defined(shape), (c, a, b) => (c ? a : b)),
  },
  Clip: {
    infer: (call) => [{ type: input(call, 0).type, dims: input(call, 0).dims }],
    evaluate: (call, [shape]) => {
      const low = constantOf(call.inputs[1])?.data[0] ?? -Infinity;
      const high = constantOf(call.inputs[2])?.data[0] ?? Infinity;
      return apply({ ...call, inputs: call.inputs.slice(0, 1) }, defined(shape), (x) =>
        Math.min(high, Math.max(low, x)),
      );
    },
  },
  Cast: {
    infer: (call) => {
      const type = typeOf(int(call, 'to', 0));
      if (!type) throw new Unsupported('an unknown type');
      return [{ type: widened(type), dims: input(call, 0).dims }];
    },
    same: (call, [shape]) => (input(call, 0).type === defined(shape).type ? 0 : null),
    evaluate: (call, [shape]) => {
      const { type } = defined(shape);
      return apply(
        call,
        defined(shape),
        type === 'bool' ? (x) => Number(x !== 0) : isInteger(type) ? Math.trunc : (x) => x,
      );
    },
  },
};

for (const [op, f] of Object.entries({ ...unary, ...unaryFloat })) {
  elementwise[op] = {
    infer: (call) => {
      const { type, dims } = input(call, 0);
      if (op in unaryFloat && !/^float/.test(type))
        throw new Clash(`its input is ${type}, not floating-point`);
      return [{ type, dims }];
    },
    evaluate: (call, [shape]) => apply(call, defined(shape), f),
  };
}
for (const [op, f] of Object.entries(binary)) {
  elementwise[op] = {
    infer: (call) => {
      if (call.inputs.length !== 2) throw new Unsupported(`${call.inputs.length} inputs`);
      // Only Pow may mix types; its result has the type of the base.
      return [{ type: op === 'Pow' ? input(call, 0).type : sameType(call), dims: dimsOf(call) }];
    },
    evaluate: (call, [shape]) => apply(call, defined(shape), f),
  };
}
for (const [op, f] of Object.entries(comparison)) {
  elementwise[op] = {
    infer: (call) => {
      sameType(call);
      return [{ type: 'bool', dims: dimsOf(call) }];
    },
    evaluate: (call, [shape]) => apply(call, defined(shape), (a, b) => Number(f(a, b))),
  };
}

/** Operators whose constant inputs may stay collapsed: they broadcast themselves. */
export const broadcasting: ReadonlySet<string> = new Set([
  ...Object.keys(binary),
  ...Object.keys(comparison),
  'Div',
  'Where',
]);

/** Whether collapsing the constant inputs preserves the dims of the output. */
export const preservesDims = (
  shapes: readonly (readonly number[])[],
  dims: readonly number[],
): boolean => sameDims(broadcastDims(shapes), dims);
