/** Generates text from a prompt, with or without an adapter. */
import * as z from 'zod/mini';
import { sampler, type Sampling } from '../methods/sampling.ts';
import { TokenText } from '../studies/token-text.ts';
import { withAdapter, type Adapter } from './adapter.ts';
import type { Model } from './model.ts';
import {
  atLeast,
  checkAborted,
  parsedArguments,
  pausing,
  refuseOthers,
  seedSchema,
} from './options.ts';

const schema = z.object({
  tokens: atLeast(0),
  temperature: z.number().check(z.gte(0)),
  topP: z.number().check(z.gt(0), z.lte(1)),
  seed: seedSchema,
});

/** How a text is continued. */
export interface GenerateOptions extends Partial<Sampling> {
  /** Maximum number of new tokens. Default 64; fewer at the end of the model's context. */
  tokens?: number;
  adapter?: Adapter;
  signal?: AbortSignal;
  /**
   * Called with the text of every token. Bytes of an incomplete character are passed with the token
   * that completes it.
   */
  onText?(text: string): void;
}

/**
 * Continues `prompt` with a KV cache and returns the new text. Default: greedy (temperature 0).
 * Throws `bad-argument`, `bad-text`, `too-large`, `cancelled`, and `operator` for exports in which
 * tokens interact outside attention.
 */
export async function generate(
  model: Model,
  prompt: string,
  {
    tokens = 64,
    temperature = 0,
    topP = 1,
    seed = 1,
    adapter,
    signal,
    onText,
    ...others
  }: GenerateOptions = {},
): Promise<string> {
  refuseOthers(others);
  parsedArguments(schema, { tokens, temperature, topP, seed });
  checkAborted(signal);
  const ids = await model.encode(prompt);
  const stop = await model.endTokens();
  const text = new TokenText(ids, (all) => model.decode(all));
  return withAdapter(model, adapter, async (use) => {
    let whole = '';
    let count = 0;
    const choose = sampler({ temperature, topP, seed });
    const request = { prompt: ids, tokens, choose, stop, ...(use && { use }) };
    const pause = pausing(signal);
    for await (const { id } of model.engine.generate(request)) {
      await pause();
      count++;
      const added = await text.add(id, count === tokens || stop.includes(id));
      whole += added;
      onText?.(added);
    }
    return whole;
  });
}
