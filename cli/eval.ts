/** `rank-atlas eval`: compares the loss on a text with and without a PEFT adapter. */
import { AtlasError } from '../src/errors.ts';
import { parseSpec } from '../src/experiment/schema.ts';
import { trainPresets } from '../src/studies/train/presets.ts';
import { comparedLoss } from '../src/methods/training.ts';
import { bosOf } from '../src/runtime/load.ts';
import { printBos, tokensOf } from './data.ts';
import { startEngine } from './engine.ts';
import { adapterAt } from './import.ts';
import { refuseUnused, type Command } from './options.ts';
import { loadFor } from './model-files.ts';
import { idsOf, ownText, settingsOf, trainingSettings } from './settings.ts';

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
  // On the original model by default, like "train lora".
  const { train, training, bos, ...spec } = trainingSettings(
    parseSpec({ ...trainPresets.lora, training: held }),
    settingsOf(options),
  );
  const { length, heldSequences, batch } = training;
  const model = await loadFor(options, spec.model);
  const { adapters: values, scale, notes } = await adapterAt(path, model);
  const judged = await tokensOf(training.held, { sequences: heldSequences, length, bos }, model);
  const modelBos = await bosOf(training.held.kind, bos, model);

  const { engine } = await startEngine(model, options, train.base);
  printBos(modelBos);
  try {
    const adapters = await engine.adapters(values);
    const { base, adapted, tokens } = await comparedLoss(engine, judged, batch, {
      adapters,
      scale,
    });
    const { parameters } = adapters;
    const modules = values.length;
    if (options.json)
      console.log(
        JSON.stringify(
          {
            modules,
            parameters,
            tokens,
            bos: modelBos,
            base,
            adapted,
            ...(notes.length > 0 && { notes }),
          },
          null,
          2,
        ),
      );
    else {
      console.log(`${modules} adapters, ${parameters} parameters; ${tokens} predicted tokens`);
      console.log(
        `loss without adapters: ${base.toFixed(4)} nats per token (perplexity ${Math.exp(base).toFixed(2)})`,
      );
      console.log(
        `loss with adapters:    ${adapted.toFixed(4)} nats per token (perplexity ${Math.exp(adapted).toFixed(2)})`,
      );
    }
    adapters.dispose();
  } finally {
    await engine.dispose();
  }
  return 0;
};
