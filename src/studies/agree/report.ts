/** Prints a comparison of methods in the terminal: times and Spearman's ρ. */
import { defined, elementAt } from '../../checked.ts';
import { unsignedZero } from '../../language/numbers.ts';
import type { StudyOutput } from '../contract.ts';
import { columns } from '../map/export.ts';
import { raceEn } from '../race/words.en.ts';
import { agreeVerdict, type AgreeEvent, type AgreeState } from './state.ts';
import { agreeEn } from './words.en.ts';

export { agreeEvidence as evidence } from './digest.ts';

export const output = (_: AgreeState, event: AgreeEvent): StudyOutput =>
  event.type === 'measuring'
    ? { doing: agreeEn.doing(raceEn.names[event.method], event.done, event.of) }
    : null;

/** One row per method: its time, and ρ with every other method. */
export function text(state: AgreeState): string {
  const result = defined(state.result);
  const { measured, spearman, modules, tokens } = result;
  const names = measured.map((m) => raceEn.names[m.method]);
  const verdict = agreeVerdict(result);
  return [
    `${modules.length} modules, ${tokens.sequences} x ${tokens.length} tokens, seed ${result.spec.seed}. Spearman's rho of the importances:`,
    '',
    ...columns([
      ['', 'time', ...names],
      ...measured.map((m, i) => [
        elementAt(names, i),
        `${(defined(m.milliseconds) / 1000).toFixed(1)} s`,
        ...elementAt(spearman, i).map((v) => (v === null ? '-' : unsignedZero(v.toFixed(3)))),
      ]),
    ]),
    '',
    ...(verdict ? [agreeEn.finding(verdict), agreeEn.sure(verdict)] : [agreeEn.noOrder]),
  ].join('\n');
}
