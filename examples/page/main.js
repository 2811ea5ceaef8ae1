// Where does rank belong, and what does it buy? On a page, without a server.
import { allocateRanks, bundledModel, evaluate, measure, openModel, train } from 'rank-atlas';
import { exportPeft } from 'rank-atlas/peft';

const model = await openModel(bundledModel()); // or modelFiles(input.files)
const text = 'It was the best of times, it was the worst of times. '.repeat(40);
const batch = await model.batch(text, { sequences: 4, length: 32 });

const { importances } = await measure(model, batch, { method: { name: 'adarank', repeats: 2 } });
const ranks = allocateRanks(model, importances, { meanRank: 4 });
const adapter = await train(model, batch, { ranks, steps: 10 });
const before = await evaluate(model, batch);
const after = await evaluate(model, batch, { adapter });
document.querySelector('output').textContent = `training loss ${before} → ${after}; ranks ${ranks}`;

const files = exportPeft({
  modules: model.modules,
  adapters: adapter.values,
  scale: adapter.scale,
  baseModel: 'rank-atlas/atlas-3m',
  taskType: 'CAUSAL_LM',
});
for (const [name, bytes] of files) {
  const link = document.body.appendChild(document.createElement('a'));
  Object.assign(link, { download: name, textContent: name });
  link.href = URL.createObjectURL(new Blob([bytes]));
}
