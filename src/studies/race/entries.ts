/**
 * The possible entries of a race: every importance method (`methods/importance/registry.ts`), and
 * the entries below, which follow from no importance method.
 */
import type { TokenBatch } from '../../engine/engine.ts';
import {
  IMPORTANCES,
  type ImportanceName,
  type MethodName,
} from '../../methods/importance/registry.ts';
import type { StudyContext } from '../context.ts';
import type { Measuring } from './measure.ts';

/** `known`: the importances of the entry's `of` if they are already measured. */
export type OtherEntryCode = (
  context: StudyContext,
  given: { batch: TokenBatch; known: number[] | null },
) => Measuring;

export interface OtherEntry {
  /** The method it follows in lists; null: it comes last. */
  after: ImportanceName | null;
  /** The map's method from whose importances it is computed. */
  of?: MethodName;
  /** Loads at its first use. */
  code(): Promise<OtherEntryCode>;
}

const registered = {
  uniform: {
    after: 'adarank',
    code: async () => (await import('./other-entries.ts')).uniform,
  },
  random: {
    after: 'adarank',
    code: async () => (await import('./other-entries.ts')).random,
  },
  inverse: {
    after: 'adarank',
    of: 'adarank',
    code: async () => (await import('./other-entries.ts')).inverse,
  },
  /**
   * Uniform ranks with EVA's initial `A`. It differs from `uniform` only in the initialisation and
   * from `eva` only in the ranks.
   */
  'eva-uniform': {
    after: 'eva',
    code: async () => (await import('./other-entries.ts')).evaUniform,
  },
  /**
   * The imported adapter at its own ranks, whatever their budget; training continues from its
   * values.
   */
  imported: {
    after: null,
    code: async () => (await import('./other-entries.ts')).imported,
  },
} satisfies Record<string, OtherEntry>;

export type OtherEntryName = keyof typeof registered;
export type RaceEntry = ImportanceName | OtherEntryName;

export const otherEntries: Readonly<Record<OtherEntryName, OtherEntry>> = registered;
export const OTHER_ENTRIES = Object.keys(registered) as OtherEntryName[];

export const isOtherEntry = (entry: RaceEntry): entry is OtherEntryName =>
  Object.hasOwn(registered, entry);

const behind = (method: ImportanceName | null) =>
  OTHER_ENTRIES.filter((name) => otherEntries[name].after === method);

/** All entries, in the order of lists. */
export const RACE_ENTRIES = [
  ...IMPORTANCES.flatMap((name): RaceEntry[] => [name, ...behind(name)]),
  ...behind(null),
] as [RaceEntry, ...RaceEntry[]];

/**
 * The map's method from whose importances an entry is computed; for an importance method, the entry
 * itself.
 */
export const partOf = (entry: RaceEntry): RaceEntry | undefined =>
  isOtherEntry(entry) ? otherEntries[entry].of : entry;
