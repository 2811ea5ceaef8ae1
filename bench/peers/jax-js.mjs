/**
 * Runs the step of `jax-step.mjs` in Node on the library's WebAssembly backend.
 *
 * `node jax-js.mjs '{"layers":8,…}'` answers every line on stdin with one step: `{"milliseconds",
 * "processorMilliseconds", "loss"}`.
 */
import { createInterface } from 'node:readline';
import { jaxStep } from './jax-step.mjs';

// jax-js needs iterator helpers and the number of threads, which Node 20 does not provide.
const iterators = Object.getPrototypeOf(Object.getPrototypeOf([].values()));
iterators.map ??= function* (f) {
  for (const x of this) yield f(x);
};
iterators.filter ??= function* (f) {
  for (const x of this) if (f(x)) yield x;
};
iterators.toArray ??= function () {
  return [...this];
};
globalThis.navigator ??= { hardwareConcurrency: (await import('node:os')).availableParallelism() };
const jax = await import('@jax-js/jax');
await jax.init('wasm');
jax.defaultDevice('wasm');

const step = jaxStep(jax, JSON.parse(process.argv[2]));
for await (const line of createInterface({ input: process.stdin })) {
  if (!line) continue;
  const start = performance.now();
  const cpu = process.cpuUsage();
  const loss = await step();
  const { user, system } = process.cpuUsage(cpu);
  console.log(
    JSON.stringify({
      milliseconds: performance.now() - start,
      processorMilliseconds: (user + system) / 1000,
      loss,
    }),
  );
}
