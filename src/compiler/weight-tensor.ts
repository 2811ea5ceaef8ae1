/**
 * Converts weights of the file for upload. Bytes alias the file, half floats are widened, and a
 * view shows the same bytes in another type or shape (packed nibbles as `uint4 [N, K]`).
 */
import { halfToFloat32 } from '../onnx/float16.ts';
import type { Tensor } from '../onnx/graph.ts';
import type { WeightTensor } from './compiled.ts';
import { encode, full, type Constant } from './fold/constant.ts';
import { Clash, sameDims, shapeText, widened, type Value, type WeightValue } from './value.ts';

/** Computes bytes on access and holds them weakly. */
export function heldWeakly(compute: () => Uint8Array): () => Uint8Array {
  let held: WeakRef<Uint8Array> | null = null;
  return () => {
    let bytes = held?.deref();
    if (!bytes) held = new WeakRef((bytes = compute()));
    return bytes;
  };
}

const wide = new WeakMap<Tensor, WeightTensor>();

/** A weight for upload. Half floats are widened on access and held weakly. */
export function weightTensor(tensor: Tensor): WeightTensor {
  let w = wide.get(tensor);
  if (w) return w;
  const { name, dims } = tensor;
  if (tensor.type === 'float16') {
    const widenedBytes = heldWeakly(() => new Uint8Array(halfToFloat32(tensor.bytes).buffer));
    w = {
      name,
      dims,
      type: 'float32',
      half: tensor.bytes,
      get bytes() {
        return widenedBytes();
      },
    };
  } else {
    w = {
      name,
      dims,
      type: tensor.type as WeightTensor['type'],
      get bytes() {
        return tensor.bytes;
      },
    };
  }
  wide.set(tensor, w);
  return w;
}

/** The tensor of a weight value, or a view of it if the value has another type or other dims. */
export function boundWeight({ tensor, type, dims }: WeightValue): WeightTensor {
  const whole = weightTensor(tensor);
  if (type === whole.type && sameDims(dims, whole.dims)) return whole;
  return {
    name: `${whole.name} as ${type} ${shapeText(dims)}`,
    type: type as WeightTensor['type'],
    dims,
    viewOf: whole.name,
    get bytes() {
      return whole.bytes;
    },
  };
}

const made = new WeakMap<Constant, Tensor>();

/** Converts a constant that is in no piece to a weight: `contents`, once for each `source`. */
export function constantWeight(contents: Constant, source: Constant, name: string): WeightValue {
  const { type, dims } = contents;
  let tensor = made.get(source);
  if (!tensor) made.set(source, (tensor = { name, type, dims, bytes: encode(full(contents)) }));
  return { kind: 'weight', type, dims, tensor };
}

/**
 * The same bytes in another type or shape. Throws `Clash` if the value is not a weight of the file.
 */
export function viewed(
  value: Value | null | undefined,
  type: WeightValue['type'],
  dims: readonly number[],
): WeightValue {
  if (value?.kind !== 'weight') throw new Clash('packed weights that are computed in the graph');
  const { tensor } = value;
  return widened(tensor.type) === type && sameDims(tensor.dims, dims)
    ? value
    : { kind: 'weight', type, dims, tensor };
}
