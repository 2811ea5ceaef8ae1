/**
 * `rank-atlas/compiler`: reads ONNX exports as graphs, and compiles decoders into cut, instrumented
 * and differentiated pieces that any ONNX runtime can run. Nothing here runs a model.
 */
export { compile, type CompileOptions } from '../compiler/index.ts';
export type * from '../compiler/compiled.ts';
export type { ModuleGroup, ModuleInfo, ModuleRole, WeightFormat } from '../compiler/modules.ts';
export { openExport, type OpenedExport, type OpenExportOptions } from '../compiler/open.ts';
export { AtlasError, type ErrorCode, type ErrorValues } from '../errors.ts';
export type { Branch } from '../onnx/branches.ts';
export type { ExternalFiles } from '../onnx/external.ts';
export type { ElementType } from '../onnx/types.ts';
export type { Attribute, Attributes, Graph, Node, Tensor, ValueInfo } from '../onnx/graph.ts';
export { readGraph, type ReadOptions } from '../onnx/read.ts';
export { writeGraph, type OutsidePlace } from '../onnx/write.ts';
