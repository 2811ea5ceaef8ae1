/**
 * What the compiler's passes speak about: values with known types and shapes, and the steps that
 * compute them.
 *
 * Batch and length are numbers by now, so a value is one of three things: a *constant* (shape
 * arithmetic, masks, RoPE tables), a *weight* (an initialiser of the file, untouched), or
 * *computed* by a step. Half floats count as float32 everywhere: weights are widened when they are
 * uploaded.
 */
import type { Attributes, Tensor } from '../onnx/graph.ts';
import type { ElementType } from '../onnx/types.ts';
import type { Constant } from './fold/constant.ts';

export interface Shape {
  type: ElementType;
  dims: readonly number[];
}

export interface ConstantValue extends Shape {
  kind: 'constant';
  constant: Constant;
}
/** `type` and `dims` may differ from the tensor's: then it is a view of the same bytes. */
export interface WeightValue extends Shape {
  kind: 'weight';
  tensor: Tensor;
}
export interface ComputedValue extends Shape {
  kind: 'computed';
  /** Null for a graph input. */
  step: Step | null;
  /**
   * Depends on the tokens; false for what is computed from weights alone (a transposed or
   * dequantised table).
   */
  depends: boolean;
  /** Its elements are the token ids, in order. */
  ids: boolean;
}

export type Value = ConstantValue | WeightValue | ComputedValue;

/** One node of the specialised graph. */
export interface Step {
  /** Name of the node it came from: several steps may share it after lowering. */
  name: string;
  op: string;
  domain: string;
  inputs: readonly (Value | null)[];
  outputs: ComputedValue[];
  attributes: Attributes;
}

/** half → single: the type a value has inside the compiler. */
export const widened = (type: ElementType): ElementType => (type === 'float16' ? 'float32' : type);

export const sameDims = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((d, i) => d === b[i]);

export const count = (dims: readonly number[]): number => dims.reduce((n, d) => n * d, 1);

/**
 * Something in the graph does not fit; the builder adds the node's name and makes it a sentence.
 */
export class Clash extends Error {}

/**
 * Something that may well be right but that is not known here; the message follows the operator's
 * name: "uses Op with …".
 */
export class Unsupported extends Clash {}

/** The longest shape that is shown whole: damage may make any list a shape. */
const LONGEST = 12;

export const shapeText = (dims: readonly (number | string)[]): string =>
  dims.length > LONGEST
    ? `[${dims.slice(0, LONGEST).join(', ')}, … ${dims.length} in all]`
    : `[${dims.join(', ')}]`;
