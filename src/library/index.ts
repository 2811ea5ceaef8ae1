/**
 * The library: open a model, measure where rank belongs, train adapters, generate. Differences
 * between Node and browsers are in `src/index.node.ts` and `src/index.web.ts`.
 */
export { AtlasError, type ErrorCode, type ErrorValues } from '../errors.ts';
export type { PrunePattern } from '../device/sparse-twins.ts';
export type { AdamWStep } from '../device/training-twins.ts';
export type * from '../engine/engine.ts';
export type { BosSetting } from '../model/bos.ts';
export type { ModelFile, ModelFiles } from '../model/files.ts';
export type {
  AdapterPlace,
  ModuleGroup,
  ModuleInfo,
  ModuleRole,
  WeightFormat,
} from '../compiler/modules.ts';
export type { Bounds } from '../methods/allocation/rule.ts';
export type { RankRule } from '../methods/allocation/allocate.ts';
export type { Rounding } from '../methods/allocation/registry.ts';
export type { Draws } from '../methods/importance/contract.ts';
export type { MethodName } from '../methods/importance/registry.ts';
export type { Sampling } from '../methods/sampling.ts';
export type { Schedule } from '../methods/learning-rate.ts';
export type { LoraScale } from '../methods/lora.ts';
export type { Adapter } from './adapter.ts';
export { evaluate, type EvaluateOptions } from './evaluate.ts';
export { generate, type GenerateOptions } from './generate.ts';
export { hubModel, type HubOptions } from './hub.ts';
export { allocateRanks, measure, type Measured, type MeasureOptions } from './measure.ts';
export { Model, openModel, type BatchOptions, type OpenModelOptions } from './model.ts';
export { train, type Trained, type TrainOptions } from './train.ts';
