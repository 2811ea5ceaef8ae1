/** Finds and loads the model of a command: from disk, a hub, an address or the bundled models. */
import { existsSync } from 'node:fs';
import { AtlasError } from '../src/errors.ts';
import type { ModelRef } from '../src/spec/spec.ts';
import type { ModelFiles } from '../src/model/files.ts';
import { nodeFiles } from '../src/model/node-files.ts';
import {
  parseReference,
  referenceOf,
  type RemoteReference,
} from '../src/model/remote/reference.ts';
import { remoteFiles } from '../src/model/remote/remote-files.ts';
import { describeBytes } from '../src/model/figures.ts';
import { findAndLoad, type LoadedModel } from '../src/runtime/load.ts';
import { bundledModel } from './bundled.ts';
import { agreed } from './consent.ts';
import { diskStore } from './disk-store.ts';
import { hubAddress, hubToken } from './environment.ts';
import type { Options } from './options.ts';
import { clearLine, line } from './progress.ts';

/** Loads and compiles `--model`, or the model that an experiment names. */
export const loadFor = async (
  options: Pick<Options, 'model' | 'dtype' | 'yes' | 'set'>,
  named: ModelRef,
): Promise<LoadedModel> =>
  load(
    () => (options.model === undefined ? modelNamedBy(named, options) : modelFiles(options.model)),
    options.dtype,
  );

/** Loads and compiles a model named on the command line. */
export const loadTyped = async (
  model: string,
  { dtype }: Pick<Options, 'dtype'>,
): Promise<LoadedModel> => load(() => modelFiles(model), dtype);

async function load(
  find: () => Promise<ModelFiles>,
  dtype: string | undefined,
): Promise<LoadedModel> {
  let title = '';
  const named = async () => {
    const files = await find();
    ({ title } = files);
    return files;
  };
  try {
    return await findAndLoad(named, {
      dtype,
      onProgress: (loaded, total) =>
        line(`Reading ${title}, ${describeBytes(loaded)} of ${describeBytes(total)}`),
    });
  } finally {
    clearLine();
  }
}

/**
 * Finds a model named on the command line. Paths take precedence over hub ids and addresses. Throws
 * `no-file` and the errors of the hub.
 */
function modelFiles(model: string): Promise<ModelFiles> {
  const reference = existsSync(model) ? null : parseReference(model, hubAddress());
  return reference ? remoteModel(reference) : nodeFiles(model);
}

/**
 * The files of the model that an experiment names. A remote model needs the user's consent. Throws
 * `usage` for a model that only its owner has.
 */
async function modelNamedBy(
  { id }: ModelRef,
  { yes = false, set = [] }: Pick<Options, 'yes' | 'set'>,
): Promise<ModelFiles> {
  if (id.startsWith('bundled:')) return bundledModel(id.slice('bundled:'.length));
  const reference = referenceOf(id, hubAddress());
  if (reference) {
    const typed = set.some((s) => /^model(\.id)?=/.test(s));
    if (!typed) await agreed(reference, hubAddress(), yes);
    return remoteModel(reference);
  }
  throw new AtlasError('usage', {
    why: `this experiment needs the model "${id.slice('files:'.length)}"; choose it with --model`,
  });
}

/** `HF_TOKEN` is sent to the hub only, not to other addresses and not along with redirects. */
async function remoteModel(reference: RemoteReference): Promise<ModelFiles> {
  const token = hubToken();
  return remoteFiles(reference, {
    hub: hubAddress(),
    store: await diskStore(),
    ...(reference.kind === 'hub' &&
      token !== null && { headers: { Authorization: `Bearer ${token}` } }),
    onWarning: (warning) => console.error(`rank-atlas: ${warning.message}`),
  });
}
