/**
 * Tokens that end a text: any of those that config.json and generation_config.json name, and the
 * tokenizer's own. Several is the rule for models that chat. transformers stops at
 * generation_config.json's alone, vLLM at the tokenizer's too; here any of them ends it.
 */
import { idOf, type TokenFiles } from './bos.ts';
import { isCount, isObject } from './json.ts';

/** Their ids, each once; empty: none is named. */
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
