import { expect, test } from 'vitest';
import { defaultSpec } from '../src/experiment/schema.ts';
import { trainingSettings } from './settings.ts';

test.each([
  ['the training’s', [], (length: number) => ({ training: { length } })],
  [
    'the map’s where ranks follow it',
    [['train.ranks.kind', 'map']],
    (length: number) => ({ length }),
  ],
] as const)('length is %s', (_, others, set) => {
  const spec = trainingSettings(defaultSpec(), [...others, ['length', '12']]);
  expect(spec).toMatchObject(set(12));
  expect(spec).not.toMatchObject(set(defaultSpec().length));
});
