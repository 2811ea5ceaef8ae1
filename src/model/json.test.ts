/** Untrusted JSON: checks before any code walks through it. */
import { expect, test } from 'vitest';
import { readPeftConfig } from '../adapters/peft-config.ts';
import { readConfig } from './config.ts';
import { parseJson } from './json.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const nested = (deep: number) => '['.repeat(deep) + ']'.repeat(deep);

test('nesting is limited, and brackets in strings do not count', () => {
  expect(parseJson(bytes(nested(500))).value).toHaveLength(1);
  expect(() => parseJson(bytes(nested(501)))).toThrow('nested more than 500 deep');
  expect(parseJson(bytes(`["${'['.repeat(2000)}\\"["]`)).value).toHaveLength(1);
});

test('an endlessly nested setting is refused with a sentence', () => {
  const deep = nested(20_000);
  expect(() => readConfig(bytes(`{"hidden_size":${deep}}`))).toThrow(
    expect.objectContaining({ code: 'bad-config' }),
  );
  expect(() => readPeftConfig(bytes(`{"peft_type":"LORA","lora_alpha":${deep}}`))).toThrow(
    expect.objectContaining({ code: 'bad-adapter' }),
  );
});
