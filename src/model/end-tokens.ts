/**
 * Finds the tokens that end a text: those named in config.json, in generation_config.json and by
 * the tokenizer. Chat models usually have several. transformers stops only at those of
 * generation_config.json, vLLM also at the tokenizer's; here each of them ends the text.
 */
import { idOf, type TokenFiles } from './bos.ts';
import { isCount, isObject } from './json.ts';

/** Their ids without duplicates; empty if none is named. */
export function endTokens({
  tokenizer,
  tokenizerConfig,
  config,
  generationConfig,
}: TokenFiles): number[] {
  const named = [
    generationConfig,
    config,
    isObject(config.text_config) ? config.text_config : {},
  ].flatMap(({ eos_token_id: ids }): unknown[] => (Array.isArray(ids) ? ids : [ids]));
  return [...new Set([...named, idOf(tokenizer, tokenizerConfig.eos_token)].filter(isCount))];
}
