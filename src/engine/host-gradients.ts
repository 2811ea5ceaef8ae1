/** Gradients read back from the device, for checks and for statistics that need whole matrices. */
import type { CompiledModel } from '../compiler/compiled.ts';
import type { ModuleInfo } from '../compiler/modules.ts';
import type { Backend } from './backend.ts';
import type { LayerGradients } from './network.ts';

/** `x` [tokens, in] and `dy` [tokens, out] of every module of a layer; `x` is one array for all modules of one input. */
export async function readTaps(backend: Backend, model: CompiledModel, layer: number, gradients: LayerGradients, visit: (module: number, x: Float32Array, dy: Float32Array) => void): Promise<void> {
  const inputs = new Map<string, Float32Array>();
  for (const site of model.blocks[layer]!.sites) {
    const x = inputs.get(site.tap) ?? await backend.read(gradients.get(site.tap)!);
    inputs.set(site.tap, x);
    const all = await backend.read(gradients.get(site.grad)!);
    for (const { module, offset } of site.modules) visit(module, x, columns(all, site.width, offset, model.modules[module]!.outFeatures));
  }
}

/** Σ_t dy_t x_tᵀ over all rows, [out, in] float32, summed in double. */
export function weightGradient(x: Float32Array, dy: Float32Array, { inFeatures, outFeatures }: ModuleInfo): Float32Array {
  const out = new Float64Array(outFeatures * inFeatures);
  for (let t = 0; t * inFeatures < x.length; t++) {
    for (let o = 0; o < outFeatures; o++) {
      const g = dy[t * outFeatures + o]!;
      if (g !== 0) for (let k = 0; k < inFeatures; k++) out[o * inFeatures + k]! += g * x[t * inFeatures + k]!;
    }
  }
  return Float32Array.from(out);
}

function columns(all: Float32Array, stride: number, first: number, count: number): Float32Array {
  if (count === stride) return all;
  const out = new Float32Array((all.length / stride) * count);
  for (let t = 0; t * stride < all.length; t++) out.set(all.subarray(t * stride + first, t * stride + first + count), t * count);
  return out;
}
