/** Checks handles: objects that an engine returns for later calls, opaque to callers. */
import type { Backend } from './backends/backend.ts';

interface Owned {
  readonly backend: Backend;
  readonly disposed: boolean;
}

/**
 * Returns the handle as its own class. Throws `TypeError` if it belongs to another engine or is
 * disposed.
 */
export function ownHandle<T extends Owned>(
  type: abstract new (...parts: never[]) => T,
  handle: unknown,
  backend: Backend,
): T {
  if (!(handle instanceof type) || handle.backend !== backend)
    throw new TypeError(`This is no ${type.name} of this engine.`);
  if (handle.disposed) throw new TypeError(`This ${type.name} has been disposed.`);
  return handle;
}
