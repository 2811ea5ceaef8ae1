import { expect, test } from 'vitest';
import { checkConfig, readConfig } from './config.ts';

const read = (json: unknown) =>
  readConfig(new TextEncoder().encode(typeof json === 'string' ? json : JSON.stringify(json)));
const good = {
  model_type: 'llama',
  hidden_size: 8,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  num_key_value_heads: 2,
  vocab_size: 16,
};
const graph = { hidden: 8, layers: 1, vocab: 16 };

test('reads both families of names; code and unknown keys are ignored', () => {
  expect(read({ ...good, auto_map: { AutoModelForCausalLM: 'evil.Evil' } })).toEqual({
    modelType: 'llama',
    hidden: 8,
    layers: 1,
    heads: 2,
    keyValueHeads: 2,
    vocab: 16,
    maxLength: null,
  });
  expect(
    read({ n_embd: 64, n_layer: 3, n_head: 4, vocab_size: 512, n_positions: 128 }),
  ).toMatchObject({
    hidden: 64,
    maxLength: 128,
    layers: 3,
    heads: 4,
    keyValueHeads: null,
  });
  expect(read({ text_config: good, hidden_size: 'x' })).toMatchObject({ hidden: 8 });
});

test('heads with head_dim need not divide the hidden size', () => {
  expect(read({ ...good, num_attention_heads: 3, num_key_value_heads: 1, head_dim: 4 }).heads).toBe(
    3,
  );
  expect(read({ ...good, head_dim: null, num_key_value_heads: null }).keyValueHeads).toBeNull();
});

test.for<[string, unknown]>([
  ['no JSON', '{not json'],
  ['a list', []],
  ['a number as text', { ...good, num_hidden_layers: 'one' }],
  ['null', { ...good, hidden_size: null }],
  ['zero layers', { ...good, num_hidden_layers: 0 }],
  ['a fraction', { ...good, vocab_size: 1.5 }],
  ['a negative context', { ...good, max_position_embeddings: -1 }],
  ['heads that do not divide', { ...good, num_attention_heads: 3, num_key_value_heads: 3 }],
  ['key-value heads that do not divide', { ...good, num_key_value_heads: 4 }],
  [
    'a billion external files',
    { ...good, 'transformers.js_config': { use_external_data_format: { 'model.onnx': 1e9 } } },
  ],
  [
    'external files as text',
    { ...good, 'transformers.js_config': { use_external_data_format: '../..' } },
  ],
])('refuses %s', ([, json]) => {
  expect(() => read(json)).toThrow(
    /^config\.json does not describe this model: .+\. Use the config\.json of this export\.$/,
  );
});

test('external data may be flags and small counts', () => {
  for (const value of [true, false, 2, { 'model.onnx': true, 'model_fp16.onnx': 3 }]) {
    expect(
      read({ ...good, 'transformers.js_config': { use_external_data_format: value } }).hidden,
    ).toBe(8);
  }
});

test('every stated value must agree with the graph', () => {
  checkConfig(read(good), graph);
  checkConfig(read({}), graph);
  expect(() => checkConfig(read({ ...good, hidden_size: 4096 }), graph)).toThrow(
    'its hidden size is 4096, but the graph has 8',
  );
  expect(() => checkConfig(read({ ...good, num_hidden_layers: 32 }), graph)).toThrow(
    'its number of layers is 32, but the graph has 1',
  );
  expect(() => checkConfig(read({ ...good, vocab_size: 50000 }), graph)).toThrow(
    'its vocabulary is 50000, but the graph has 16',
  );
});
