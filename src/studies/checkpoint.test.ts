import { expect, test } from 'vitest';
import { defaultSpec } from '../experiment/schema.ts';
import { setByPaths } from '../experiment/settings.ts';
import { checkpointKey } from './checkpoint.ts';
import { STUDIES, type StudyKind } from './registry.ts';

const keyOf = (study: StudyKind, ...settings: [string, string][]) =>
  checkpointKey(study, setByPaths(defaultSpec(), settings), 'hash', '1');

/** For each study, a setting that differs from its default. */
const others: Partial<Record<StudyKind, [string, string]>> = {
  agree: ['agree.methods', '["adarank","jacobian"]'],
  race: ['race.seeds', '3'],
  train: ['train.scale.value', '8'],
  prune: ['prune.rounds', '2'],
  compress: ['compress.trials', '3'],
  samples: ['samples.tokens', '9'],
};

test('the key of a checkpoint depends on the settings of its study, not on those of other studies', () => {
  for (const study of STUDIES)
    for (const [other, setting] of Object.entries(others)) {
      if (other === study) expect(keyOf(study, setting)).not.toBe(keyOf(study));
      else expect(keyOf(study, setting), `${study}, ${other}`).toBe(keyOf(study));
    }
});

test('the use of a measurement does not change its key', () => {
  expect(keyOf('map', ['allocation.meanRank', '2'])).toBe(keyOf('map'));
  expect(keyOf('map', ['training.steps', '9'])).toBe(keyOf('map'));
  expect(keyOf('map', ['seed', '9'])).not.toBe(keyOf('map'));
  expect(keyOf('race', ['seed', '9'])).not.toBe(keyOf('race'));
});
