/**
 * Tests that files and links of earlier versions still open with the same meaning
 * (tools/golden.ts).
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { digestOf } from '../src/experiment/digest.ts';
import { decodeLink } from '../src/experiment/link.ts';
import type { RunResult } from '../src/studies/map/result.ts';
import { mappedBy, rankTable } from '../src/studies/map/rank-table.ts';
import { parseResult } from '../src/experiment/result-file.ts';
import { parseSpec } from '../src/experiment/schema.ts';
import { SPEC_VERSION } from '../src/spec/spec.ts';

interface GoldenLink {
  name: string;
  link: string;
  spec: { study: string | null; slider: SliderOf0_1 };
  digest: unknown;
}

/** In version 0.1 the training run was the study "slider", with flat settings. */
interface SliderOf0_1 {
  rank: number;
  ranks: 'uniform' | 'map';
  base: 'nf4' | 'as-is';
  mode: 'frozen' | 'full';
  draw: object;
  alpha: number;
  compare: number[];
}
const asTrain = ({ rank, ranks, base, mode, draw, alpha, compare }: SliderOf0_1) => ({
  method: { name: 'qdylora', mode, draw },
  ranks: ranks === 'map' ? { kind: 'map', mean: rank } : { kind: 'uniform', rank },
  base,
  scale: { kind: 'alpha', value: alpha },
  start: 'fresh',
  compare,
});
/** Its map was not a study. */
const STUDIES_NOW: Record<string, string> = { slider: 'train', null: 'map' };

const golden = join(import.meta.dirname, 'golden');
const read = (...path: string[]) =>
  JSON.parse(readFileSync(join(golden, ...path), 'utf8')) as unknown;

describe.each(readdirSync(golden))('version %s', (version) => {
  const files = readdirSync(join(golden, version));

  test.each((read(version, 'links.json') as GoldenLink[]).map((l) => [l.name, l] as const))(
    'the link "%s" holds its experiment, whatever is the default today',
    async (_, { link, spec, digest }) => {
      const opened = await decodeLink(link);
      expect(opened.damaged).toEqual([]);
      expect(opened.spec).toEqual(parseSpec(spec));
      const { study, slider, ...others } = spec;
      expect(opened.spec).toMatchObject({
        ...others,
        version: SPEC_VERSION,
        study: STUDIES_NOW[String(study)] ?? study,
        train: asTrain(slider),
      });
      expect(opened.digest).toEqual(digest);
    },
  );

  test.each(files.filter((file) => file.startsWith('result-')))('%s gives its ranks', (file) => {
    const written = read(version, file) as RunResult;
    const opened = parseResult(written);
    expect(opened.modules.map((m) => m.rank)).toEqual(written.modules.map((m) => m.rank));
    expect(digestOf(opened)).toEqual(digestOf(written));
    const { rows } = rankTable(mappedBy(opened), opened.spec.allocation);
    expect(rows.map((row) => row.rank)).toEqual(written.modules.map((m) => m.rank));
  });
});
