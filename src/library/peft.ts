/**
 * `rank-atlas/peft`: converts adapters to and from PEFT's two files. Needs only the shapes and
 * paths of the modules, neither weights nor a runtime.
 */
export { exportPeft, importPeft, type PeftExport, type PeftImport } from '../adapters/peft.ts';
export type { AdapterPlace, ModuleInfo } from '../compiler/modules.ts';
export type { AdapterValues } from '../engine/engine.ts';
export { AtlasError, type ErrorCode, type ErrorValues } from '../errors.ts';
