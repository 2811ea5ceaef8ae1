/**
 * ONNX Runtime's native build (onnxruntime-node), an optional package, and backends on it. It runs
 * the same pieces as onnxruntime-web, with wider vectors and, if the build has one, a GPU provider.
 */
import { createRequire } from 'node:module';
import { peerDependencies } from '../../../package.json';
import { kernelThreads } from '../../device/noise-threads.node.ts';
import { SimdNoise } from '../../device/simd-noise.ts';
import { AtlasError } from '../../errors.ts';
import type { NativeProvider } from '../facets/model.ts';
import { model, node, value } from './graphs.ts';
import { CpuBackend } from './cpu-backend.ts';
import type { Ort } from './ort.ts';

/** The version whose results are compared with those of onnxruntime-web. */
export const NATIVE_VERSION = peerDependencies['onnxruntime-node'];

/** What onnxruntime-node has in addition to the common interface. */
type NativeOrt = Ort & { listSupportedBackends(): { name: string; bundled: boolean }[] };

const require = createRequire(import.meta.url);

/** The installed version of onnxruntime-node; null if there is none. */
export function installedNative(): string | null {
  try {
    return (require('onnxruntime-node/package.json') as { version: string }).version;
  } catch {
    return null;
  }
}

/**
 * Loads the package. Throws `no-native` if it is missing, has another version, does not load on
 * this machine, its build lacks `provider`, or `provider` does not start.
 */
export async function nativeOrt(provider: NativeProvider): Promise<Ort> {
  const version = installedNative();
  if (version !== NATIVE_VERSION)
    throw new AtlasError('no-native', {
      why:
        version === null
          ? 'the package onnxruntime-node is not installed'
          : `onnxruntime-node is ${version}, not ${NATIVE_VERSION}`,
      remedy: `Install it with "npm install --save-dev onnxruntime-node@${NATIVE_VERSION}".`,
    });
  let ort: NativeOrt;
  try {
    ort = require('onnxruntime-node') as NativeOrt;
  } catch (cause) {
    throw new AtlasError(
      'no-native',
      {
        why: `onnxruntime-node does not load on this machine (${firstLine(cause)})`,
        remedy: 'Its documentation lists the supported systems.',
      },
      { cause },
    );
  }
  const supported = ort.listSupportedBackends().map(({ name }) => name);
  if (!supported.includes(provider))
    throw new AtlasError('no-native', {
      why: `its build for ${process.platform} ${process.arch} has no provider "${provider}"`,
      remedy: `It has ${supported.join(', ')}.`,
    });
  if (provider !== 'cpu') await start(ort, provider);
  ort.env.logLevel = 'error';
  return ort;
}

/**
 * Starts a GPU provider with a graph of one node. Throws `no-native` if it needs a GPU or libraries
 * that this machine does not have.
 */
async function start(ort: Ort, provider: NativeProvider): Promise<void> {
  // The error below says the same as the log.
  ort.env.logLevel = 'fatal';
  const x = (name: string) => value(name, 'float32', [1]);
  const graph = model([node({ op: 'Neg', inputs: ['x'], output: 'y' })], [x('x')], [x('y')]);
  try {
    await (await ort.InferenceSession.create(graph, { executionProviders: [provider] })).release();
  } catch (cause) {
    throw new AtlasError(
      'no-native',
      {
        why: `its provider "${provider}" does not start on this machine (${firstLine(cause)})`,
        remedy:
          provider === 'cuda'
            ? 'It needs an NVIDIA GPU, CUDA 12 and the files that "ONNXRUNTIME_NODE_INSTALL=cuda12 npm install --save-dev onnxruntime-node" downloads.'
            : 'It needs a GPU and its driver.',
      },
      { cause },
    );
  }
}

const firstLine = (cause: unknown): string =>
  (cause instanceof Error ? cause.message : String(cause)).replace(/\n.*/s, '').slice(0, 200);

/** The default fuses 8-bit weights into products that round activations to 8 bits. */
const EXACT = { qdq_matmulnbits_accuracy_level: '1' };

/**
 * `ort`: from `nativeOrt(provider)`. Every session has its own threads. Threads that spin after a
 * run would compete with the next session's: measured, maps of the bundled model took five times as
 * long.
 */
export function nativeBackend(ort: Ort, provider: NativeProvider, threads: number): CpuBackend {
  const device = provider === 'cpu' ? 'CPU' : provider;
  return new CpuBackend(ort, {
    provider: { kind: 'native', device, threads, software: false },
    options: {
      executionProviders: provider === 'cpu' ? ['cpu'] : [provider, 'cpu'],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
      extra: { session: { ...EXACT, intra_op: { allow_spinning: '0' } } },
    },
    // One session with every product of a token gains from spinning.
    holdingOptions: { extra: { session: EXACT } },
    takesUint4: false,
    takesHalves: false,
    // A protobuf message has at most 2 GB.
    holds: { form: 'packed', maxBytes: 1.5e9 },
    noise: () => new SimdNoise(threads > 1 ? kernelThreads(threads) : undefined),
  });
}
