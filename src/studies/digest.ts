/**
 * The digest of a study's result in a link: the few numbers that another run must reproduce, and
 * the comparison with such a run. Each study chooses its numbers (`<study>/digest.ts`).
 */
import * as z from 'zod/mini';
import type { ProviderKind } from '../engine/engine.ts';
import { sha256 } from '../model/sha256.ts';

/** What a digest covers, by the name that the page shows. */
export const COVERED = [
  'ranks',
  'zeros',
  'removals',
  'tokens',
  'losses',
  'accuracy',
  'correlations',
  'importances',
] as const;
export type Covered = (typeof COVERED)[number];

/** Measured numbers, which another provider computes slightly differently. */
export interface Measured {
  /** null: undefined, such as the correlation with a constant. */
  values: readonly (number | null)[];
  /** Decimals in the link. */
  decimals: number;
  /**
   * Largest difference that counts as reproduced, in addition to rounding: if both runs used WASM,
   * whose numbers are equal everywhere; and if one of them did not.
   */
  tolerance: { wasm: number; other: number };
}

/** The numbers of a finished run that its digest covers. */
export interface Evidence {
  /** sha-256 of the model's files. */
  model: string;
  provider: ProviderKind;
  /** Compared for equality. The link holds a hash of each. */
  exact: Partial<Record<Covered, unknown>>;
  measured: Partial<Record<Covered, Measured>>;
  /** Follows from the measured numbers; differences within the tolerance may change it. */
  order?: unknown;
}

/** Returns null before the run has finished. */
export type EvidenceOf<State> = (state: State) => Evidence | null;

/**
 * As in a link. By what it covers: the start of the hash of the JSON of an exact value, or measured
 * numbers as multiples of the last decimal.
 */
export interface StudyDigest extends Partial<Record<Covered, string | (number | null)[]>> {
  /** Start of the hash of the model's files. Absent: the link has it in the digest of its map. */
  model?: string;
  provider: ProviderKind;
  order?: string;
}

/** Characters of a hash: 48 bits for the model, and 32 for a value of the same experiment. */
const MODEL_CHARACTERS = 12;
const VALUE_CHARACTERS = 8;
const VALUES = 4096;

const hash = z.string().check(z.regex(/^[0-9a-f]+$/), z.maxLength(64));
const covered = z.optional(
  z.union([hash, z.array(z.nullable(z.int())).check(z.maxLength(VALUES))]),
);

const schema = z.strictObject({
  model: hash,
  provider: z.enum(['wasm', 'webgpu', 'native']),
  order: z.optional(hash),
  ...(Object.fromEntries(COVERED.map((what) => [what, covered])) as Record<
    Covered,
    typeof covered
  >),
});

const hashOf = (value: unknown): string =>
  sha256(new TextEncoder().encode(JSON.stringify(value))).slice(0, VALUE_CHARACTERS);

const mapped = <A, B>(
  of: Partial<Record<Covered, A>>,
  change: (value: A) => B,
): Partial<Record<Covered, B>> =>
  Object.fromEntries(Object.entries(of).map(([what, value]) => [what, change(value)]));

export const studyDigest = ({
  model,
  provider,
  exact,
  measured,
  order,
}: Evidence): StudyDigest & { model: string } => ({
  model: model.slice(0, MODEL_CHARACTERS),
  provider,
  ...mapped(exact, hashOf),
  ...mapped(measured, ({ values, decimals }) =>
    // `+ 0`: JSON has no −0.
    values.map((v) => (v === null ? null : Math.round(v * 10 ** decimals) + 0)),
  ),
  ...(order !== undefined && { order: hashOf(order) }),
});

export interface StudyComparison {
  /**
   * `reproduced`: everything that the digest covers is equal or within the tolerance. `close`: the
   * order differs, although the numbers are within the tolerance. `differs`: anything else.
   */
  kind: 'reproduced' | 'close' | 'differs';
  /** Of `differs`: what differs. */
  differing: ('model' | Covered)[];
  /** What is equal. */
  equal: Covered[];
  /** What is within the tolerance, with the largest difference that remains after rounding. */
  within: { what: Covered; largest: number }[];
}

/**
 * Compares a run with the digest of a link, which is untrusted. `model`: of the link's map. Returns
 * null if it is no digest.
 */
export function compareStudy(
  digest: object,
  evidence: Evidence,
  model?: string,
): StudyComparison | null {
  const parsed = schema.safeParse({
    ...(model !== undefined && { model: model.slice(0, MODEL_CHARACTERS) }),
    ...digest,
  });
  const ours = studyDigest(evidence);
  const theirs = parsed.data;
  if (!theirs || (theirs.order === undefined) !== (ours.order === undefined)) return null;
  if (theirs.model !== ours.model)
    return { kind: 'differs', differing: ['model'], equal: [], within: [] };
  const equal = COVERED.filter((what) => what in evidence.exact && theirs[what] === ours[what]);
  const both = theirs.provider === 'wasm' && ours.provider === 'wasm' ? 'wasm' : 'other';
  const within = COVERED.flatMap((what) => {
    const numbers = evidence.measured[what];
    if (!numbers) return [];
    const largest = largestDifference(theirs[what], numbers);
    return largest <= numbers.tolerance[both] + rounding(numbers) ? [{ what, largest }] : [];
  });
  const agreeing = new Set<Covered>([...equal, ...within.map(({ what }) => what)]);
  const differing = COVERED.filter(
    (what) => (what in ours || theirs[what] !== undefined) && !agreeing.has(what),
  );
  return {
    kind: differing.length > 0 ? 'differs' : theirs.order === ours.order ? 'reproduced' : 'close',
    differing,
    equal,
    within,
  };
}

/** Half of the last decimal, and a margin for the rounding of doubles. */
const rounding = ({ decimals }: Measured): number => 0.5000001 * 10 ** -decimals;

/** Infinity if the lists have other lengths, or a number where the other has none. */
function largestDifference(
  theirs: string | readonly (number | null)[] | undefined,
  { values, decimals }: Measured,
): number {
  if (typeof theirs !== 'object' || theirs.length !== values.length) return Infinity;
  return values.reduce<number>((largest, own, i) => {
    const other = theirs[i] ?? null;
    if (own === null || other === null) return own === other ? largest : Infinity;
    return Math.max(largest, Math.abs(other / 10 ** decimals - own));
  }, 0);
}
