/** Entry point of the package `rank-atlas` in Node. */
export * from './library/index.ts';
export { bundledModel, modelFolder } from './library/files.node.ts';
