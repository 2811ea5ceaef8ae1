// Where does rank belong, and what does it buy? Writes a PEFT adapter to ./adapter.
import { mkdir, writeFile } from 'node:fs/promises';
import { allocateRanks, bundledModel, evaluate, measure, openModel, train } from 'rank-atlas';
import { exportPeft } from 'rank-atlas/peft';

const model = await openModel(bundledModel()); // or await modelFolder('path/to/an/export')
const text = 'It was the best of times, it was the worst of times. '.repeat(40);
const batch = await model.batch(text, { sequences: 4, length: 32 });

const { importances } = await measure(model, batch, { method: { name: 'adarank', repeats: 2 } });
const ranks = allocateRanks(model, importances, { meanRank: 4 });
console.log(model.modules.map(({ path }, i) => `${path}: rank ${ranks[i]}`).join('\n'));

const adapter = await train(model, batch, { ranks, steps: 10 });
console.log(
  `training loss ${await evaluate(model, batch)} → ${await evaluate(model, batch, { adapter })}`,
);

const files = exportPeft({
  modules: model.modules,
  adapters: adapter.values,
  scale: adapter.scale,
  baseModel: 'rank-atlas/atlas-3m',
  taskType: 'CAUSAL_LM',
});
await mkdir('adapter', { recursive: true });
for (const [name, bytes] of files) await writeFile(`adapter/${name}`, bytes);
await model.dispose();
