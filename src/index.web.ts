/** Entry point of the package `rank-atlas` in a browser, on a page or in a worker. */
export * from './library/index.ts';
export { bundledModel, modelFiles } from './library/files.web.ts';
