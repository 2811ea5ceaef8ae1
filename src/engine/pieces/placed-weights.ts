/**
 * Replaced weights of a float model, by module: on the provider, where runs use them, and on the
 * CPU, where they are read.
 */
import { elementAt } from '../../checked.ts';
import type { CompiledModel, ModuleWeight } from '../../compiler/compiled.ts';
import { AtlasError } from '../../errors.ts';
import { dequantise } from '../../model/weights.ts';
import type { Backend } from '../backends/backend.ts';
import type { Pieces } from './pieces.ts';

export class PlacedWeights {
  private readonly model: CompiledModel;
  private readonly backend: Backend;
  private readonly pieces: Pieces;
  private readonly placed = new Map<number, ModuleWeight>();

  constructor(model: CompiledModel, backend: Backend, pieces: Pieces) {
    this.model = model;
    this.backend = backend;
    this.pieces = pieces;
  }

  /** The current weight of a module. */
  of(module: number): ModuleWeight {
    return this.placed.get(module) ?? this.model.weightOf(module);
  }

  /** See `WeightEngine.setWeight`. */
  set(module: number, weight: Float32Array | null): void {
    const own = this.floatWeight(module);
    const { inFeatures, outFeatures, rowOffset } = own;
    if (!weight && !this.placed.has(module)) return;
    const values = weight ?? dequantise(own);
    if (values.length !== inFeatures * outFeatures)
      throw new RangeError(
        `${values.length} numbers are no weight of ${outFeatures} x ${inFeatures}`,
      );
    this.backend.write(
      this.pieces.writable(elementAt(own.tensors, 0)),
      values,
      rowOffset * inFeatures,
    );
    if (weight) this.placed.set(module, asModuleWeight(own, values));
    else this.placed.delete(module);
  }

  /**
   * The module's own weight, if its rows are contiguous float32. Throws AtlasError `float-only`
   * otherwise.
   */
  floatWeight(module: number): ModuleWeight {
    const own = this.model.weightOf(module);
    if (
      own.format.kind !== 'float32' ||
      own.transposed ||
      elementAt(own.tensors, 0).type !== 'float32'
    )
      throw new AtlasError('float-only', { module: elementAt(this.model.modules, module).path });
    return own;
  }
}

const asModuleWeight = (
  { inFeatures, outFeatures, bias, tensors }: ModuleWeight,
  values: Float32Array,
): ModuleWeight => ({
  format: { kind: 'float32' },
  transposed: false,
  rowOffset: 0,
  rows: outFeatures,
  inFeatures,
  outFeatures,
  bias,
  tensors: [
    {
      name: `${elementAt(tensors, 0).name} replaced`,
      type: 'float32',
      dims: [outFeatures, inFeatures],
      bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
    },
  ],
});
