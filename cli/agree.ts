/**
 * Do methods agree, on the command line: progress on stderr, times and Spearman's ρ on stdout,
 * every importance with `--out`.
 */
import { defined, elementAt } from '../src/checked.ts';
import { runAgree } from '../src/studies/agree/run.ts';
import {
  agreeVerdict,
  reduceAgree,
  type AgreeResult,
  type AgreeState,
} from '../src/studies/agree/state.ts';
import { columns } from '../src/studies/map/export.ts';
import { agreeEn } from '../src/studies/agree/words.en.ts';
import { raceEn } from '../src/studies/race/words.en.ts';
import { writeBytes } from './output.ts';
import { clearLine, line } from './progress.ts';
import { openStudy, type StudyCommand } from './study.ts';

export const agree: StudyCommand = async (spec, options) => {
  const { context, dispose } = await openStudy(spec, options);
  let state: AgreeState | null = null;
  try {
    for await (const event of runAgree(context)) {
      state = reduceAgree(state, event);
      if (event.type === 'measuring')
        line(agreeEn.doing(raceEn.names[event.method], event.done, event.of));
    }
  } finally {
    clearLine();
    await dispose();
  }
  const result = defined(defined(state).result);
  if (options.out !== undefined)
    await writeBytes(options.out, `${JSON.stringify(result, null, 1)}\n`);
  console.log(agreeText(result));
  return 0;
};

/** A row a method: its time, and ρ with every other. */
function agreeText(result: AgreeResult): string {
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
        ...elementAt(spearman, i).map((v) => v?.toFixed(3) ?? '-'),
      ]),
    ]),
    '',
    ...(verdict ? [agreeEn.finding(verdict), agreeEn.sure(verdict)] : [agreeEn.noOrder]),
  ].join('\n');
}
