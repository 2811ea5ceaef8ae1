/**
 * The library: open a model, measure where rank belongs, train adapters, generate. Differences
 * between Node and browsers are in `src/index.node.ts` and `src/index.web.ts`.
 */
export { AtlasError } from '../errors.ts';
export type { AdapterValues, FullEngine, ProviderKind, TokenBatch } from '../engine/engine.ts';
export type { ModelFiles } from '../model/files.ts';
export type { ModuleInfo } from '../compiler/modules.ts';
export type { LoraScale } from '../methods/lora.ts';
export { generate, type GenerateOptions } from './generate.ts';
export { hubModel, type HubOptions } from './hub.ts';
export { allocateRanks, measure, type Measured, type MeasureOptions } from './measure.ts';
export { Model, openModel, type BatchOptions, type OpenModelOptions } from './model.ts';
export { evaluate, train, type Adapter, type Trained, type TrainOptions } from './train.ts';
