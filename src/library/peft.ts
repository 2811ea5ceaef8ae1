/**
 * `rank-atlas/peft`: converts adapters to and from PEFT's two files. Needs only the shapes and
 * paths of the modules, neither weights nor a runtime.
 */
import { AtlasError } from '../errors.ts';
import { exportPeft, importPeft, type PeftExport, type PeftImport } from '../adapters/peft.ts';

export { AtlasError, exportPeft, importPeft, type PeftExport, type PeftImport };
