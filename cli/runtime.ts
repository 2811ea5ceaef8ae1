/** Loads the runtime that the options select. */
import { AtlasError } from '../src/errors.ts';
import { loadOrt } from '../src/runtime/ort.node.ts';
import { PROVIDER_NAMES, type ProviderName } from '../src/engine/facets/model.ts';
import { installedNative, NATIVE_VERSION } from '../src/engine/backends/native.node.ts';
import type { Runtime } from '../src/runtime/runtime.ts';

const isProvider = (name: string): name is ProviderName =>
  (PROVIDER_NAMES as readonly string[]).includes(name);

/** `provider` and `threads` as typed by the user. Throws `usage`, and what `loadOrt` throws. */
export async function loadRuntime(
  provider: string = defaultProvider(),
  threads?: string,
): Promise<Runtime> {
  if (!isProvider(provider))
    throw new AtlasError('usage', {
      why: `"${provider}" is not a provider (${PROVIDER_NAMES.join(', ')})`,
    });
  if (provider === 'webgpu') {
    if (threads !== undefined)
      throw new AtlasError('usage', { why: '--threads is for the CPU, not for --provider webgpu' });
    return loadOrt(provider).catch(byOption);
  }
  if (threads === undefined) return loadOrt(provider);
  const count = Number(threads);
  if (!Number.isInteger(count) || count < 1 || count > 64)
    throw new AtlasError('usage', { why: `"${threads}" is not a number of threads` });
  return loadOrt(provider, count);
}

/** The native runtime if it is installed in the version that is tested. */
const defaultProvider = (): ProviderName =>
  installedNative() === NATIVE_VERSION ? 'native' : 'wasm';

/** The same error, naming the option of the command line. */
function byOption(error: unknown): never {
  if (!(error instanceof AtlasError && error.code === 'no-gpu')) throw error;
  throw new AtlasError('no-gpu', { option: '--provider webgpu' }, { cause: error.cause });
}
