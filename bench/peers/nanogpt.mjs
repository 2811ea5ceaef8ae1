/**
 * Runs forward and backward of a LoRA step over all linear layers of a GPT in @genai-fi/nanogpt
 * (TensorFlow.js). Without a GPU it has only a CPU backend, which has no kernel for the gradient
 * norm. The update is therefore omitted, so less than a step is measured. Width, layers, heads,
 * vocabulary and number of MLP weights are equal to ours. Its attention has no grouped keys and
 * values, so its model is slightly larger.
 *
 * The trainer is not a public export; it is imported from the files of the pinned package. The
 * protocol is that of `jax-js.mjs`.
 */
import { createInterface } from 'node:readline';

// The package is built for browsers only. TensorFlow.js detects a browser by this name.
globalThis.WorkerGlobalScope ??= class {};
const files = new URL('./node_modules/@genai-fi/nanogpt/dist/', import.meta.url);
// Registers its backends and operators.
await import(new URL('main.js', files).href);
const { default: NanoGPTV1 } = await import(new URL('models/NanoGPTV1.js', files).href);
const { default: Trainer } = await import(new URL('training/BasicTrainer.js', files).href);
const { selectBackend } = await import(new URL('backend.js', files).href);
const { kt: zeros } = await import(new URL('dist-Da20xy8E.js', files).href);
// The library logs to the console, but stdout must contain only the answers.
console.info = console.warn = () => undefined;
const print = console.log;
console.log = () => undefined;
await selectBackend('cpu');

const { layers, hidden, intermediate, heads, vocab, batch, length, rank } = JSON.parse(
  process.argv[2],
);
const model = new NanoGPTV1({
  modelType: 'GenAI_NanoGPT_v1',
  useRope: true,
  vocabSize: vocab,
  blockSize: length,
  nLayer: layers,
  nHead: heads,
  nEmbed: hidden,
  mlpFactor: (1.5 * intermediate) / hidden,
});
// The first forward pass creates the weights.
model.forward({ training: false }, zeros([1, length], 'int32')).dispose();
model.createLoRA('all', { rank, alpha: 2 * rank, variables: ['block_*'] });
model.attachLoRA('all');
const adapted = model.lora.variables.size;
if (adapted !== 4 * layers) throw new Error(`${adapted} adapted products instead of ${4 * layers}`);
const trainer = new Trainer(model, null, {});
const xs = zeros([batch, length], 'int32');
const ys = zeros([batch, length], 'int32');

for await (const line of createInterface({ input: process.stdin })) {
  if (!line) continue;
  const start = performance.now();
  const cpu = process.cpuUsage();
  const value = trainer.trainStep({}, { xs, ys }, true);
  const [loss] = await value.data();
  value.dispose();
  const { user, system } = process.cpuUsage(cpu);
  print(
    JSON.stringify({
      milliseconds: performance.now() - start,
      processorMilliseconds: (user + system) / 1000,
      loss,
    }),
  );
}
