/**
 * Loads onnxruntime-web in the browser: the WASM build for the CPU, the native WebGPU build for a
 * GPU. It fetches the .wasm itself to report the download's progress.
 */
import type * as Ort from 'onnxruntime-web';
import type { ProviderKind } from '../engine/engine.ts';
import { nativeInBrowser } from '../engine/backends/provider.ts';
import { watchHeap } from '../engine/backends/wasm-heap.ts';
import { AtlasError } from '../errors.ts';
import wasmModule from 'onnxruntime-web/ort-wasm-simd-threaded.mjs?url';
import wasmBinary from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';
import webgpuModule from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.mjs?url';
import webgpuBinary from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url';

const builds = {
  wasm: { load: () => import('onnxruntime-web/wasm'), module: wasmModule, binary: wasmBinary },
  webgpu: {
    load: () => import('onnxruntime-web/webgpu'),
    module: webgpuModule,
    binary: webgpuBinary,
  },
};

/**
 * Threads the runtime may use: all cores up to 8 if the page is cross-origin isolated, else one.
 */
export function threadCount(): number {
  return globalThis.crossOriginIsolated ? Math.min(8, navigator.hardwareConcurrency || 1) : 1;
}

/**
 * Returns the runtime for a provider, ready for its first session. `onBytes(loaded, total)` reports
 * the download in bytes.
 */
export async function loadRuntime(
  kind: ProviderKind,
  onBytes: (loaded: number, total: number) => void,
): Promise<typeof Ort> {
  if (kind === 'native') throw nativeInBrowser();
  const build = builds[kind];
  watchHeap();
  const [ort, binary] = await Promise.all([
    build.load() as Promise<typeof Ort>,
    download(build.binary, onBytes),
  ]);
  ort.env.wasm.wasmBinary = binary;
  ort.env.wasm.wasmPaths = { mjs: new URL(build.module, import.meta.url).href };
  ort.env.wasm.numThreads = threadCount();
  ort.env.logLevel = 'error';
  return ort;
}

async function download(
  url: string,
  onBytes: (loaded: number, total: number) => void,
): Promise<ArrayBuffer> {
  const response = await fetch(url).catch(() => null);
  if (!response?.ok || !response.body)
    throw new AtlasError('runtime', {
      what: 'to load',
      why: `its file could not be downloaded${response ? ` (${response.status})` : ''}`,
    });
  // With a compressed transfer, Content-Length counts other bytes than the body, so the total is
  // unknown.
  const total = response.headers.get('Content-Encoding')
    ? 0
    : Number(response.headers.get('Content-Length')) || 0;
  const parts: Uint8Array[] = [];
  let loaded = 0;
  for await (const part of response.body as unknown as AsyncIterable<Uint8Array>) {
    parts.push(part);
    loaded += part.length;
    onBytes(loaded, Math.max(total, loaded));
  }
  const whole = new Uint8Array(loaded);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole.buffer;
}
