/** Tests the comparison of methods on the command line: its output and its file. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { defined, elementAt } from '../src/checked.ts';
import type { AgreeResult } from '../src/studies/agree/state.ts';
import { cli, noBosLine, set } from '../test/cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'rank-atlas-agree-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('rank-atlas run agree', { timeout: 120_000 }, () => {
  it('prints times and correlations, and writes every importance', async () => {
    const file = join(folder, 'agree.json');
    const { code, out, err } = await cli(
      'run',
      'agree',
      ...set([
        'agree.methods=["jacobian","fisher","spectrum"]',
        'method.name=jacobian',
        'method.repeats=2',
        'sequences=1',
        'length=6',
      ]),
      '--out',
      file,
    );
    expect({ code, err }).toEqual({ code: 0, err: noBosLine });
    const { format, measured, spearman, spec } = JSON.parse(
      readFileSync(file, 'utf8'),
    ) as AgreeResult;
    expect({ format, study: spec.study }).toEqual({
      format: 'rank-atlas-agreement',
      study: 'agree',
    });
    expect(measured.map((m) => m.importances.length)).toEqual([56, 56, 56]);
    expect(out).toMatch(
      new RegExp(
        `^Fisher +[\\d.]+ s +${defined(elementAt(spearman, 1)[0]).toFixed(3)} +1\\.000 +${defined(elementAt(spearman, 1)[2]).toFixed(3)}$`,
        'm',
      ),
    );
    expect(out).toMatch(/^(Fisher|Weight spectrum) is closest to Jacobian/m);
  });
});
