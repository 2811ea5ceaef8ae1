/** The entry point of the engine's worker: connects the host to this browser. */
import { openGpu } from '../device/gpu.ts';
import type { ProviderKind } from '../engine/engine.ts';
import { bundledFiles } from '../model/bundled-files.ts';
import { EngineHost } from './host.ts';
import type { ToWorker } from './protocol.ts';
import { loadRuntime } from './runtime.ts';

/** WebAssembly addresses 4 GB. A page may use at most half of the machine's memory. */
function memoryLimit(kind: ProviderKind): number {
  const machine = (navigator as { deviceMemory?: number }).deviceMemory ?? 8;
  return Math.min(kind === 'wasm' ? 4e9 : 8e9, (machine * 1e9) / 2);
}

/** The page's folder, wherever it is hosted. The page passes its address as this worker's name. */
const base = new URL('./', self.name).href;
const embedded = new URL(self.name).searchParams.has('embed');

const host = new EngineHost({
  send: (message) => self.postMessage(message),
  files: async (source) =>
    source.kind === 'bundled'
      ? bundledFiles(base, source.id)
      : (await import('../model/picked-files.ts')).pickedFiles(source.files, source.graph),
  // Embedded in another page, nothing is stored. The page's address is this worker's name.
  ...(!embedded && {
    store: async () => (await import('../model/remote/opfs-store.ts')).opfsStore(),
    database: self.indexedDB,
  }),
  runtime: loadRuntime,
  gpu: () => openGpu(navigator.gpu).catch(() => null),
  memoryLimit,
});

self.onmessage = (event: MessageEvent<ToWorker>) => host.receive(event.data);
