/**
 * `rank-atlas generate`: streams the continuation of a prompt to stdout, with a PEFT adapter if
 * given. Speed and loss go to stderr.
 */
import { defined } from '../src/checked.ts';
import { AtlasError } from '../src/errors.ts';
import type { AdapterUse, TrainingEngine } from '../src/engine/engine.ts';
import { samplesSchema } from '../src/studies/samples/settings.ts';
import '../src/spec/messages.ts';
import { parsed } from '../src/spec/parse.ts';
import { parseSpec } from '../src/experiment/schema.ts';
import { TokenText } from '../src/studies/token-text.ts';
import { largestRank, rankAt } from '../src/methods/qdylora.ts';
import { sampler } from '../src/methods/sampling.ts';
import { wordsOf, type LoadedModel } from '../src/runtime/load.ts';
import { printBos } from './data.ts';
import { startEngine } from './engine.ts';
import { adapterAt, modelFor } from './import.ts';
import type { Command } from './options.ts';
import { plain } from './terminal.ts';

export const generate: Command = async (prompt, options) => {
  const { tokens, temperature, topP, rank } = parsed(samplesSchema, {
    prompt,
    tokens: typed(options.tokens),
    temperature: typed(options.temperature),
    topP: typed(options['top-p']),
    rank: typed(options.rank),
  });
  const { seed, bos } = parseSpec({ seed: typed(options.seed), bos: options.bos });
  if (rank !== null && options.adapter === undefined)
    throw new AtlasError('usage', { why: '--rank needs --adapter' });
  const model = await modelFor(options);
  const words = wordsOf(model, bos);
  const ids = await words.prompt(prompt);
  const stop = await words.endTokens();
  const before = await model.open.bos(bos);
  const { engine } = await startEngine(model, options);
  try {
    const use =
      options.adapter === undefined
        ? undefined
        : await adapterIn(options.adapter, rank, model, engine);
    printBos(before);
    const text = new TokenText(ids, words.decode);
    const start = performance.now();
    let count = 0;
    let loss = 0;
    process.stdout.write(plain(prompt));
    for await (const { id, logProbability } of engine.generate({
      prompt: ids,
      tokens,
      choose: sampler({ temperature, topP, seed }),
      stop,
      use,
    })) {
      count++;
      loss -= logProbability;
      process.stdout.write(plain(await text.add(id, count === tokens || stop.includes(id))));
    }
    process.stdout.write('\n');
    const seconds = (performance.now() - start) / 1000;
    if (count > 0)
      console.error(
        `${count} tokens in ${seconds.toFixed(1)} s, ${(count / seconds).toFixed(1)} per second; ${(loss / count).toFixed(4)} nats per token`,
      );
    use?.adapters.dispose();
  } finally {
    await engine.dispose();
  }
  return 0;
};

/** Leaves text that is not a number unchanged, so that the schema refuses it. */
const typed = (text: string | undefined): unknown =>
  text === undefined || text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text);

/**
 * Loads a PEFT adapter onto the engine. `rank` truncates a QDyLoRA adapter: the largest module uses
 * its first `rank` ranks, the others the same fraction. The file's α stays unchanged.
 */
async function adapterIn(
  path: string,
  rank: number | null,
  model: LoadedModel,
  engine: TrainingEngine,
): Promise<AdapterUse> {
  const { adapters: values, scale, rsLora } = await adapterAt(path, model);
  const adapters = await engine.adapters(values);
  if (rank === null) return { adapters, scale };
  const ranks = new Map(values.map((v) => [v.module, v.rank]));
  const maxRank = largestRank([...ranks.values()]);
  if (rank > maxRank)
    throw new AtlasError('usage', {
      why: `--rank is ${rank}, but the largest rank of the adapter is ${maxRank}`,
    });
  const used = (module: number) => rankAt(rank, defined(ranks.get(module)), maxRank);
  const root = rsLora ? Math.sqrt : (r: number) => r;
  return {
    adapters,
    rank: used,
    scale: (module) => (scale(module) * root(defined(ranks.get(module)))) / root(used(module)),
  };
}
