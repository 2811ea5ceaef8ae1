/**
 * `rank-atlas/peft`: adapters as PEFT's two files. Needs neither a model's weights nor a runtime:
 * shapes and paths of the modules are enough.
 */
import { AtlasError } from '../errors.ts';
import { exportPeft, importPeft, type PeftExport, type PeftImport } from '../adapters/peft.ts';

export { AtlasError, exportPeft, importPeft, type PeftExport, type PeftImport };
