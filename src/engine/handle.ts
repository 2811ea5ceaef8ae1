/** Handles: what an engine returns for later calls, opaque to everyone else. */
import type { Backend } from './backends/backend.ts';

interface Owned {
  readonly backend: Backend;
  readonly disposed: boolean;
}

/** The handle as what it is. Throws `TypeError` for one of another engine, or a disposed one. */
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
