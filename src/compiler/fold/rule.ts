/**
 * The interface of an operator rule: inferred shapes, values for constant inputs, and whether the
 * operator does nothing. Rules are pure functions of a call.
 */
import type { Attributes } from '../../onnx/graph.ts';
import { Clash, Unsupported, type Shape, type Value } from '../value.ts';
import { decode, full, isInteger, type Constant } from './constant.ts';

export interface Call {
  inputs: readonly (Value | null)[];
  attributes: Attributes;
  /** Number of requested outputs. */
  outputs: number;
}

export interface Rule {
  /** Types and dims of the outputs. Throws `Clash` if the inputs do not fit. */
  infer(call: Call): Shape[];
  /** Values of the outputs if every input is constant. */
  evaluate?(call: Call, shapes: readonly Shape[]): Constant[];
  /** `evaluate` needs only the shapes of the inputs (Shape, Size). */
  shapeOnly?: boolean;
  /** Index of the input that equals output 0 if the operator does nothing, else null. */
  same?(call: Call, shapes: readonly Shape[]): number | null;
}

export function input(call: Call, index: number): Value {
  const value = call.inputs[index];
  if (!value) throw new Clash(`input ${index + 1} is missing`);
  return value;
}

export function rank(value: Value, wanted: number, what: string): void {
  if (value.dims.length !== wanted)
    throw new Clash(`${what} has ${value.dims.length} dimensions, not ${wanted}`);
}

/**
 * The value of an input that must be constant, such as the shape of Reshape. Throws `Unsupported`.
 */
export function known(call: Call, index: number): Constant {
  const value = constantOf(input(call, index));
  if (!value) throw new Unsupported(`an input ${index + 1} that depends on the tokens`);
  return value;
}

export function constantOf(value: Value | null | undefined): Constant | null {
  if (value?.kind === 'constant') return value.constant;
  return value?.kind === 'weight' ? decode(value.tensor) : null;
}

/** A list of integers that must be constant: a shape, axes, repeats. */
export function whole(call: Call, index: number): number[] {
  const value = known(call, index);
  if (!isInteger(value.type)) throw new Clash(`input ${index + 1} is ${value.type}, not integers`);
  return Array.from(full(value).data);
}

/** A list of integers from an input (newer operator sets) or else from an attribute. */
export function integers(call: Call, index: number, attribute: string): readonly number[] | null {
  if (call.inputs[index]) return whole(call, index);
  const a = call.attributes.get(attribute);
  return a?.type === 'ints' ? a.value : null;
}

export function int(call: { attributes: Attributes }, name: string, otherwise: number): number {
  const a = call.attributes.get(name);
  return a?.type === 'int' ? a.value : otherwise;
}

export function float(call: { attributes: Attributes }, name: string, otherwise: number): number {
  const a = call.attributes.get(name);
  return a?.type === 'float' ? a.value : otherwise;
}

/** Normalises a negative axis. Throws `Clash` if the axis does not exist. */
export function axisOf(axis: number, rankOfInput: number): number {
  const at = axis < 0 ? axis + rankOfInput : axis;
  if (!(at >= 0 && at < rankOfInput))
    throw new Clash(`axis ${axis} does not exist in ${rankOfInput} dimensions`);
  return at;
}
