/**
 * `rank-atlas/peft`: adapters as PEFT's two files. Needs neither a model's weights nor a runtime:
 * shapes and paths of the modules are enough.
 */
export { exportPeft, importPeft, type PeftExport, type PeftImport } from '../adapters/peft.ts';
export type { AdapterPlace, ModuleInfo } from '../compiler/modules.ts';
export type { AdapterValues } from '../engine/engine.ts';
export { AtlasError, type ErrorCode, type ErrorValues } from '../errors.ts';
