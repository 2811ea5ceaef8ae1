/**
 * The page of `bench/peers-browser.ts`. Runs and times one training step of either library per
 * request.
 */
import * as jax from '@jax-js/jax';
import { jaxStep } from '../jax-step.mjs';

const steps = {};

/** Our step runs in a worker, as on the product's page. */
async function ours(size) {
  const worker = new Worker(new URL('./ours.worker.ts', import.meta.url), {
    type: 'module',
    name: document.baseURI,
  });
  const answer = () =>
    new Promise((resolve, reject) => {
      worker.onmessage = (e) => resolve(e.data);
      worker.onerror = (e) => reject(new Error(e.message));
    });
  worker.postMessage(size);
  await answer();
  return () => {
    worker.postMessage('step');
    return answer();
  };
}

globalThis.begin = async (size) => {
  await jax.init('wasm');
  jax.defaultDevice('wasm');
  steps.jaxJs = jaxStep(jax, size);
  steps.ours = await ours(size);
  return { isolated: crossOriginIsolated, cores: navigator.hardwareConcurrency };
};
globalThis.step = async (name) => {
  const start = performance.now();
  const loss = await steps[name]();
  return { milliseconds: performance.now() - start, loss };
};
