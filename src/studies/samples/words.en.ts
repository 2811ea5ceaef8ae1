/** The samples study's words in English. */
import { numbers } from '../../language/numbers.ts';

const n = numbers('en');

export const samplesEn = {
  title: 'Text',
  prompt: 'Prompt',
  empty: { alone: 'Train an adapter to compare its text.', pair: 'One prompt, continued twice.' },
  emptyNote: {
    alone: 'Play continues the prompt with the model alone.',
    pair: 'Play continues the prompt without the adapter and with it.',
  },
  alone: 'The text is from the model alone.',
  aloneNote: 'Train an adapter to compare its text.',
  missing: (name: string) =>
    `The adapter “${name}” is missing. Train it, or choose another adapter.`,
  same: 'No difference so far.',
  sameToEnd: (tokens: number) => `The adapter changes none of these ${n.whole(tokens)} tokens.`,
  part: (token: number) =>
    token === 1 ? 'They diverge at the first token.' : `They diverge at token ${n.whole(token)}.`,
  sampled: (temperature: number, seed: number) =>
    `Sampled at temperature ${n.short(temperature)} with seed ${seed}, both with the same random numbers.`,
  greedy: 'Greedy: each takes its likeliest token.',
  nf4: 'Both use NF4 weights, on which this adapter was trained.',
  float32: 'Both use float32 weights, on which this adapter was trained.',
  progress: (done: number, of: number) => `Token ${n.whole(done)} of ${n.whole(of)}.`,
  speed: (perSecond: number) => `${n.significant(perSecond)} tokens per second.`,
  by: { base: 'Model', adapted: 'With adapter' },
  textOf: {
    base: 'Text of the model, token by token',
    adapted: 'Text with the adapter, token by token',
  },
  atRank: (name: string, rank: number) => `${name}, rank ${n.whole(rank)}`,
  readBy: 'Probability and loss under',
  sameToken: 'The adapted text has the same',
  token: (index: number, text: string) => `Token ${n.whole(index)} ${text}`,
  ended: 'end of text',
  option: (text: string, own: string, other: string | null, by: 'base' | 'adapted') =>
    `${text}, ${by === 'base' ? 'model' : 'with adapter'} ${own}${other === null ? '' : `, ${by === 'base' ? 'with adapter' : 'model'} ${other}`}`,
  loss: { base: 'Loss on the model’s text', adapted: 'Loss on the adapted text' },
  unit: 'nats per token, without the prompt',
  probability: (p: number) => `${n.significant(100 * p)} %`,
  nats: (v: number) => n.fixed(v, 3),
  columns: {
    index: 'token',
    base: 'model’s text',
    adapted: 'adapted text',
    underModel: 'p under the model',
    underAdapter: 'p with adapter',
  },
  settings: {
    adapter: 'Adapter',
    tokens: 'Tokens',
    temperature: 'Temperature',
    topP: 'Top p',
    rank: 'Rank in use',
    temperatureHint: '0: always the likeliest token.',
  },
};
