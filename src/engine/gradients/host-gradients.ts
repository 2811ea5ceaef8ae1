/** Gradients read back from the device, for checks and for statistics that need whole matrices. */
import { defined, elementAt } from '../../checked.ts';
import type { CompiledModel } from '../../compiler/compiled.ts';
import type { ModuleInfo } from '../../compiler/modules.ts';
import type { Backend } from '../backends/backend.ts';
import type { LayerGradients } from '../pieces/network.ts';

/**
 * Visits `x` [tokens, in] and `dy` [tokens, out] of every module of a layer. Modules with the same
 * input get the same array `x`.
 */
export async function readTaps(
  backend: Backend,
  model: CompiledModel,
  { layer, gradients }: { layer: number; gradients: LayerGradients },
  visit: (module: number, x: Float32Array, dy: Float32Array) => void,
): Promise<void> {
  const inputs = new Map<string, Float32Array>();
  for (const site of elementAt(model.blocks, layer).sites) {
    const x = inputs.get(site.tap) ?? (await backend.read(defined(gradients.get(site.tap))));
    inputs.set(site.tap, x);
    const all = await backend.read(defined(gradients.get(site.grad)));
    for (const { module, offset } of site.modules)
      visit(
        module,
        x,
        columns(all, site.width, offset, elementAt(model.modules, module).outFeatures),
      );
  }
}

/** Σ_t dy_t x_tᵀ over all rows, [out, in] float32, summed in double precision. */
export function weightGradient(
  x: Float32Array,
  dy: Float32Array,
  { inFeatures, outFeatures }: Pick<ModuleInfo, 'inFeatures' | 'outFeatures'>,
): Float32Array {
  const out = new Float64Array(outFeatures * inFeatures);
  for (let t = 0; t * inFeatures < x.length; t++) {
    for (let o = 0; o < outFeatures; o++) {
      const g = dy[t * outFeatures + o]!;
      if (g !== 0)
        for (let k = 0; k < inFeatures; k++) out[o * inFeatures + k]! += g * x[t * inFeatures + k]!;
    }
  }
  return Float32Array.from(out);
}

/**
 * dL/dW of the vocabulary projection, [vocab, hidden], from its input `h` [rows, hidden] and its
 * logits. L is the mean loss of the rows with a label.
 */
export function headGradient(
  h: Float32Array,
  logits: Float32Array,
  labels: Int32Array,
): Float32Array {
  const rows = labels.length;
  const inFeatures = h.length / rows;
  const outFeatures = logits.length / rows;
  const counted = labels.reduce((n, label) => n + (label < 0 ? 0 : 1), 0);
  const errors = new Float32Array(logits.length);
  for (let r = 0; r < rows; r++) {
    if (labels[r]! < 0) continue;
    const own = logits.subarray(r * outFeatures, (r + 1) * outFeatures);
    const top = own.reduce((a, b) => Math.max(a, b));
    const sum = own.reduce((s, l) => s + Math.exp(l - top), 0);
    for (let v = 0; v < outFeatures; v++)
      errors[r * outFeatures + v] =
        (Math.exp(own[v]! - top) / sum - (v === labels[r] ? 1 : 0)) / counted;
  }
  return weightGradient(h, errors, { inFeatures, outFeatures });
}

function columns(all: Float32Array, stride: number, first: number, count: number): Float32Array {
  if (count === stride) return all;
  const out = new Float32Array((all.length / stride) * count);
  for (let t = 0; t * stride < all.length; t++)
    out.set(all.subarray(t * stride + first, t * stride + first + count), t * count);
  return out;
}
