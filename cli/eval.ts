/**
 * `rank-atlas eval`: what a PEFT adapter does to the loss on a text, against the model without it.
 */
import { AtlasError } from '../src/errors.ts';
import { withSettings } from '../src/experiment/settings.ts';
import { parseTraining, trainingSchema } from '../src/studies/train/settings.ts';
import { comparedLoss } from '../src/methods/training.ts';
import { bosOf } from '../src/runtime/load.ts';
import { sayBos, tokensOf } from './data.ts';
import { startEngine } from './engine.ts';
import { adapterAt } from './import.ts';
import { refuseUnused, type Command } from './options.ts';
import { loadFor } from './model-files.ts';
import { idsOf, ownText, settingsOf } from './settings.ts';

export const evaluate: Command = async (path, options) => {
  const { text, ids } = options;
  if (ids !== undefined) refuseUnused(options, ['bos'], '--ids');
  if (text !== undefined && ids !== undefined)
    throw new AtlasError('usage', { why: '--text and --ids exclude each other' });
  const held =
    text !== undefined
      ? { held: await ownText(text) }
      : ids !== undefined
        ? { held: { kind: 'ids', ids: idsOf(ids) } }
        : {};
  const spec = parseTraining(
    withSettings(parseTraining(held), settingsOf(options), trainingSchema),
  );
  const model = await loadFor(options, spec.model);
  const { adapters: values, scale, notes } = await adapterAt(path, model);
  const judged = await tokensOf(
    spec.held,
    { sequences: spec.heldSequences, length: spec.length, bos: spec.bos },
    model,
  );
  const bos = await bosOf(spec.held.kind, spec.bos, model);

  const { engine } = await startEngine(model, options, spec.base);
  sayBos(bos);
  try {
    const adapters = await engine.adapters(values);
    const { batch } = spec.training;
    const { base, adapted, tokens } = await comparedLoss(engine, judged, batch, {
      adapters,
      scale,
    });
    const { parameters } = adapters;
    const modules = values.length;
    if (options.json)
      console.log(
        JSON.stringify(
          { modules, parameters, tokens, bos, base, adapted, ...(notes.length > 0 && { notes }) },
          null,
          2,
        ),
      );
    else {
      console.log(`${modules} adapters, ${parameters} parameters; ${tokens} predicted tokens`);
      console.log(
        `loss without them: ${base.toFixed(4)} nats per token (perplexity ${Math.exp(base).toFixed(2)})`,
      );
      console.log(
        `loss with them:    ${adapted.toFixed(4)} nats per token (perplexity ${Math.exp(adapted).toFixed(2)})`,
      );
    }
    adapters.dispose();
  } finally {
    await engine.dispose();
  }
  return 0;
};
