/**
 * The compiler's intermediate representation: values with known types and shapes, and the steps
 * that compute them.
 *
 * Batch and length are fixed, so a value is one of three kinds: a *constant* (shape arithmetic,
 * masks, RoPE tables), a *weight* (an original initialiser of the file), or *computed* by a step.
 * Half floats count as float32 everywhere: weights are widened on upload.
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
/** If `type` or `dims` differ from the tensor's, the value is a view of the same bytes. */
export interface WeightValue extends Shape {
  kind: 'weight';
  tensor: Tensor;
}
export interface ComputedValue extends Shape {
  kind: 'computed';
  /** Null for a graph input. */
  step: Step | null;
  /**
   * Depends on the tokens. False for values computed from weights alone (a transposed or
   * dequantised table).
   */
  depends: boolean;
  /** The elements are the token ids, in order. */
  ids: boolean;
}

export type Value = ConstantValue | WeightValue | ComputedValue;

/** One node of the specialised graph. */
export interface Step {
  /** Name of the original node. Lowering may give several steps the same name. */
  name: string;
  op: string;
  domain: string;
  inputs: readonly (Value | null)[];
  outputs: ComputedValue[];
  attributes: Attributes;
}

/** The type of a value inside the compiler: float16 becomes float32. */
export const widened = (type: ElementType): ElementType => (type === 'float16' ? 'float32' : type);

export const sameDims = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((d, i) => d === b[i]);

export const count = (dims: readonly number[]): number => dims.reduce((n, d) => n * d, 1);

/** Inconsistency in the graph. The builder adds the node's name to the message. */
export class Clash extends Error {}

/** Possibly valid but not supported. The message follows the operator's name: "uses Op with …". */
export class Unsupported extends Clash {}

/** The maximum number of dims in a message: a corrupt file may have any. */
const LONGEST = 12;

export const shapeText = (dims: readonly (number | string)[]): string =>
  dims.length > LONGEST
    ? `[${dims.slice(0, LONGEST).join(', ')}, … ${dims.length} in all]`
    : `[${dims.join(', ')}]`;
