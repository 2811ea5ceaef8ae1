/** Checks a study's digest by way of a link: it recognises its own result, and no changed one. */
import { expect } from 'vitest';
import { defined } from '../src/checked.ts';
import { decodeLink, encodeLink } from '../src/experiment/link.ts';
import { parseSpec } from '../src/experiment/schema.ts';
import { compareStudy, studyDigest, type Covered, type EvidenceOf } from '../src/studies/digest.ts';

/** A change of a copy of the state, by what the comparison must then find different. */
type Changes<State> = Partial<Record<Covered | 'model', (state: State) => void>>;

export async function expectRecognised<State extends { result: object | null }>(
  evidenceOf: EvidenceOf<State>,
  state: State,
  changes: Changes<State>,
): Promise<void> {
  const evidence = defined(evidenceOf(state));
  const link = await encodeLink(parseSpec({}), { run: studyDigest(evidence) });
  const run = defined((await decodeLink(link)).run);
  expect(compareStudy(run, evidence)).toMatchObject({ kind: 'reproduced', differing: [] });
  for (const [what, change] of Object.entries(changes)) {
    const changed = structuredClone(state);
    change(changed);
    expect(compareStudy(run, defined(evidenceOf(changed))), what).toMatchObject({
      kind: 'differs',
      differing: [what],
    });
  }
  // Everything that the digest covers was changed once.
  expect(Object.keys(changes).sort()).toEqual(
    ['model', ...Object.keys({ ...evidence.exact, ...evidence.measured })].sort(),
  );
  expect(evidenceOf({ ...state, result: null })).toBeNull();
}
