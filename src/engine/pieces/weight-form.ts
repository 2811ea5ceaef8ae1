/**
 * Chooses the form in which an engine holds the weights of the linear layers, and converts the
 * model to it.
 */
import type { CompiledModel, ModuleWeight } from '../../compiler/compiled.ts';
import { compile } from '../../compiler/index.ts';
import { replaced, type NewWeight } from '../../compiler/replaced.ts';
import { weightBytes } from '../../model/memory.ts';
import { dequantise, headWeight } from '../../model/weights.ts';
import type { Backend } from '../backends/backend.ts';
import type { WeightForm } from '../engine.ts';

/** Maximum share of the memory budget for unpacked weights. */
const SHARE = 1 / 4;

/**
 * `float32` on a CPU if it fits into a quarter of the budget. Unpacking inside every
 * product costs most with few rows (docs/native.md).
 * A GPU reads packed weights faster.
 */
export function weightForm(
  model: CompiledModel,
  { provider, takesUint4 }: Pick<Backend, 'provider' | 'takesUint4'>,
  memoryBudgetBytes: number,
): WeightForm {
  const packed = model.modules.some(({ format }) => !isFloat(format));
  // Only the kernel of 4-bit numbers reads these formats packed.
  if (!takesUint4 && model.modules.some(({ format }) => format.kind === 'linear')) return 'float32';
  const fits = packed && unpackedBytes(model) <= SHARE * memoryBudgetBytes;
  return provider.kind !== 'webgpu' && fits ? 'float32' : 'packed';
}

/** Bytes of the linear layers and of the vocabulary projection as float32. */
export const unpackedBytes = ({ modules, head }: Pick<CompiledModel, 'modules' | 'head'>): number =>
  modules.reduce((sum, m) => sum + 4 * m.inFeatures * m.outFeatures, 0) +
  4 * head.vocab * head.hidden;

/** Bytes that a form takes. */
export const bytesIn = (form: WeightForm, model: CompiledModel): number =>
  form === 'float32' ? unpackedBytes(model) : weightBytes(model);

/**
 * The same model in this form. Its modules and weights are described as stored. Float weights are
 * computed when they are uploaded. Throws what `compile` throws.
 */
export async function inForm(model: CompiledModel, form: WeightForm): Promise<CompiledModel> {
  if (form === 'packed') return model;
  const unpacked = (weight: ModuleWeight): NewWeight | null =>
    isFloat(weight.format) ? null : { kind: 'float32', compute: () => dequantise(weight) };
  const graph = await replaced(
    model.graph,
    async ({ weight }) => unpacked(weight),
    unpacked(headWeight(model.head)) ?? undefined,
  );
  return Object.assign(Object.create(compile(graph)) as CompiledModel, {
    modules: model.modules,
    weightOf: (module: number) => model.weightOf(module),
  });
}

const isFloat = ({ kind }: { kind: string }): boolean => kind === 'float32' || kind === 'float16';
