/** The finding of a compress run, on the test samples. */
import { elementAt } from '../../checked.ts';
import { interval95, type Interval } from '../../methods/statistics.ts';
import type { CompressResult, StepFigures } from './state.ts';

export interface CompressVerdict {
  /** Number of accepted steps that are applied. */
  steps: number;
  before: StepFigures;
  after: StepFigures;
  /** 95 % interval of the change in accuracy, paired by sample; null with a single sample. */
  change: Interval | null;
  /** `helped` and `cost` only if the interval excludes no change. */
  kind: 'none' | 'helped' | 'cost' | 'open';
  /** 95 % interval of the change in plain loss, paired by sequence. */
  plainChange: Interval | null;
}

export function verdictOf(
  { samples, test, plain: { losses } }: Pick<CompressResult, 'samples' | 'test' | 'plain'>,
  steps = test.steps.length - 1,
): CompressVerdict {
  const differences = samples.map(
    ({ scores }) => elementAt(scores, steps).right - elementAt(scores, 0).right,
  );
  const change = interval95(differences);
  const kind =
    steps === 0 ? 'none' : ({ 1: 'helped', 0: 'open', [-1]: 'cost' } as const)[wayOf(change)];
  const plainChange = interval95(
    elementAt(losses, steps).map((loss, i) => loss - elementAt(losses, 0)[i]!),
  );
  return {
    steps,
    before: elementAt(test.steps, 0),
    after: elementAt(test.steps, steps),
    change,
    kind,
    plainChange,
  };
}

/** 1 or −1 if the interval excludes no change, else 0. */
export const wayOf = (change: Interval | null): -1 | 0 | 1 =>
  change === null ? 0 : change.low > 0 ? 1 : change.high < 0 ? -1 : 0;

/** `1 o` for `model.layers.1.self_attn.o_proj`. */
export function shortName(path: string): string {
  const found = /(?:layers|h)\.(\d+)\..*?(\w+)$/.exec(path);
  return found ? `${found[1]} ${elementAt(found, 2).replace(/_proj$/, '')}` : path;
}
