/**
 * Threads of Node that run the kernel of the noise product in one shared memory. They wait without
 * using the processor, and do not keep the process alive.
 */
import { Worker } from 'node:worker_threads';
import { sharedNoiseProductModule } from './gen/noise-product-shared.ts';
import type { KernelCall, KernelThreads } from './simd-noise.ts';

/** Maximum pages of the shared memory, as compiled into the kernel. */
const MAXIMUM = 16384;

/** Places in `control`: the number of the job, threads still at it, then one call per thread. */
const JOB = 0;
const BUSY = 1;
const CALLS = 2;
const CALL = 10;

/**
 * One thread: waits for the next job, and makes its call if that has rows. A string, so that it
 * needs no file of its own wherever the product is bundled. Job −1 ends it.
 */
const threadCode = `
const { workerData } = require('node:worker_threads');
const { code, memory, control, index } = workerData;
const { exports } = new WebAssembly.Instance(new WebAssembly.Module(code), { env: { memory } });
const from = ${CALLS} + ${CALL} * index;
for (let done = 0; ; ) {
  Atomics.wait(control, ${JOB}, done);
  done = Atomics.load(control, ${JOB});
  if (done === -1) break;
  const call = control.subarray(from, from + ${CALL});
  if (call[6] > 0) exports.noiseProduct(...call);
  Atomics.sub(control, ${BUSY}, 1);
  Atomics.notify(control, ${BUSY});
}`;

/** `count`: threads, including the calling one. */
export function kernelThreads(count: number): KernelThreads {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: MAXIMUM, shared: true });
  const control = new Int32Array(new SharedArrayBuffer(4 * (CALLS + CALL * count)));
  const code = Buffer.from(sharedNoiseProductModule, 'base64');
  const own = new WebAssembly.Instance(new WebAssembly.Module(code), { env: { memory } })
    .exports as unknown as Pick<KernelThreads, 'fill'> & {
    noiseProduct(...call: KernelCall): void;
  };
  for (let index = 1; index < count; index++) {
    const data = { code, memory, control, index };
    new Worker(threadCode, { eval: true, workerData: data }).unref();
  }
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
      own.noiseProduct(...first);
      if (others.length === 0) return;
      for (let busy = 0; (busy = Atomics.load(control, BUSY)) > 0;)
        Atomics.wait(control, BUSY, busy);
    },
    dispose() {
      Atomics.store(control, JOB, -1);
      Atomics.notify(control, JOB);
    },
  };
}
