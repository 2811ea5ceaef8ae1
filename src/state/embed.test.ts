/** Embedded panels: which are shown, and the map built from a link. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { defined, elementAt } from '../checked.ts';
import { digestOf } from '../experiment/digest.ts';
import { tableOf } from '../studies/map/export.ts';
import { rankTable } from '../studies/map/rank-table.ts';
import { parseResult } from '../experiment/result-file.ts';
import { defaultSpec } from '../experiment/schema.ts';
import { linkedMap, panelsOf } from './embed.ts';

test.each([
  ['?embed=map,race', ['map', 'race']],
  ['?embed=race,map', ['race', 'map']],
  ['?embed', ['map']],
  ['?embed=map,map,nothing', ['map']],
  // Only one study can use the engine at a time.
  ['?embed=layers,train,race,map', ['layers', 'train', 'map']],
  ['?embed=slider', ['train']],
  ['?embed=%3Cscript%3E', ['map']],
])('%s shows %j', (search, panels) => expect(panelsOf(search)).toEqual(panels));

const recorded = parseResult(JSON.parse(readFileSync('public/recorded/atlas-3m.json', 'utf8')));

test('a link’s digest makes its very ranks, without ranges', () => {
  for (const meanRank of [1, 3, 8, 33.3, 64]) {
    const spec = { ...defaultSpec(), allocation: { ...defaultSpec().allocation, meanRank } };
    const digest = digestOf({
      ...recorded,
      modules: tableOf({ ...recorded, spec }).rows.map((r, i) => ({
        ...elementAt(recorded.modules, i),
        rank: defined(r.rank),
      })),
    });
    const map = defined(linkedMap({ spec, digest }, recorded));
    const { rows, settled } = rankTable(
      { modules: map.model.modules, draws: map.draws },
      spec.allocation,
    );
    expect(rows.map((r) => r.rank)).toEqual(digest.ranks);
    expect(settled).toBeNull();
    expect(map.measured[0]).toHaveLength(5);
  }
});

test('a digest of another model, or none, makes no map; nor does one whose ranks do not follow from it', () => {
  const digest = digestOf(recorded);
  const spec = defaultSpec();
  expect(linkedMap({ spec, digest: null }, recorded)).toBeNull();
  expect(linkedMap({ spec, digest: { ...digest, model: '0'.repeat(64) } }, recorded)).toBeNull();
  expect(
    linkedMap({ spec, digest: { ...digest, ranks: digest.ranks.map((r) => r + 3) } }, recorded),
  ).toBeNull();
});
