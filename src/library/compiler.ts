/**
 * `rank-atlas/compiler`: reads ONNX exports as graphs, and compiles decoders into cut, instrumented
 * and differentiated pieces that any ONNX runtime can run. Nothing here runs a model.
 */
export { compile } from '../compiler/index.ts';
export type * from '../compiler/compiled.ts';
export type { ModuleInfo } from '../compiler/modules.ts';
export { openExport, type OpenedExport } from '../compiler/open.ts';
export { AtlasError } from '../errors.ts';
export type { Attribute, Attributes, Graph, Node, Tensor, ValueInfo } from '../onnx/graph.ts';
export { readGraph, type ReadOptions } from '../onnx/read.ts';
export { writeGraph } from '../onnx/write.ts';
