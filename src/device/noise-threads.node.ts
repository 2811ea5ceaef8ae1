/**
 * Threads of Node that run the kernel of the noise product in one shared memory. They wait without
 * using the processor, and do not keep the process alive.
 */
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { sharedNoiseProductModule } from './gen/noise-product-shared.ts';
import type { KernelCall, KernelThreads } from './simd-noise.ts';

/** Maximum pages of the shared memory, as compiled into the kernel. */
const MAXIMUM = 16384;

/**
 * Places in `control`: the number of the job, threads still at it, whether one of them failed, then
 * one call per thread.
 */
const JOB = 0;
const BUSY = 1;
const FAILED = 2;
const CALLS = 3;
const CALL = 10;

/**
 * One thread: waits for the next job, and makes its call if that has rows. It sends an error to
 * `errors` before it ends the job. Job −1 ends the thread. A string, so that it needs no file of
 * its own wherever the product is bundled.
 */
const threadCode = `
const { workerData } = require('node:worker_threads');
const { code, memory, control, errors, index } = workerData;
let instance;
const from = ${CALLS} + ${CALL} * index;
for (let done = 0; ; ) {
  Atomics.wait(control, ${JOB}, done);
  done = Atomics.load(control, ${JOB});
  if (done === -1) break;
  const call = control.subarray(from, from + ${CALL});
  try {
    instance ??= new WebAssembly.Instance(new WebAssembly.Module(code), { env: { memory } });
    if (call[6] > 0) instance.exports.noiseProduct(...call);
  } catch (error) {
    errors.postMessage(error);
    Atomics.store(control, ${FAILED}, 1);
  }
  Atomics.sub(control, ${BUSY}, 1);
  Atomics.notify(control, ${BUSY});
}`;

/**
 * `count`: threads, including the calling one. `run` throws the error of a thread that fails, after
 * all have ended.
 */
export function kernelThreads(count: number): KernelThreads {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: MAXIMUM, shared: true });
  const control = new Int32Array(new SharedArrayBuffer(4 * (CALLS + CALL * count)));
  const code = Buffer.from(sharedNoiseProductModule, 'base64');
  const own = new WebAssembly.Instance(new WebAssembly.Module(code), { env: { memory } })
    .exports as unknown as Pick<KernelThreads, 'fill'> & {
    noiseProduct(...call: KernelCall): void;
  };
  const failures = Array.from({ length: count - 1 }, (_, i) => {
    const { port1, port2: errors } = new MessageChannel();
    const workerData = { code, memory, control, errors, index: i + 1 };
    // Inherited flags may load modules with the help of the caller, which waits for the thread.
    const options = { eval: true, execArgv: [], workerData, transferList: [errors] };
    new Worker(threadCode, options).unref();
    return port1;
  });
  /** The first error of the job. Takes the others, too. */
  const received = () =>
    failures
      .map((port) => receiveMessageOnPort(port)?.message as unknown)
      .find((error) => error !== undefined);
  return {
    memory,
    count,
    fill: own.fill,
    run([first, ...others]) {
      if (!first) return;
      if (others.length > 0) {
        control.fill(0, CALLS);
        others.forEach((call, i) => control.set(call, CALLS + CALL * (i + 1)));
        Atomics.store(control, BUSY, count - 1);
        Atomics.add(control, JOB, 1);
        Atomics.notify(control, JOB);
      }
      let failure: unknown;
      try {
        own.noiseProduct(...first);
      } finally {
        for (let busy = 0; (busy = Atomics.load(control, BUSY)) > 0;)
          Atomics.wait(control, BUSY, busy);
        if (Atomics.exchange(control, FAILED, 0) === 1) failure = received();
      }
      if (failure !== undefined) throw failure;
    },
    dispose() {
      Atomics.store(control, JOB, -1);
      Atomics.notify(control, JOB);
    },
  };
}
