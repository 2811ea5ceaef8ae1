/** Prints a compress run in the terminal: the finding, the trials and the times. */
import { defined, elementAt } from '../../checked.ts';
import { unsignedZero } from '../../language/numbers.ts';
import type { StudyOutput } from '../contract.ts';
import { figure, range } from '../figures.ts';
import { columns } from '../map/export.ts';
import {
  agreementOf,
  type Agreement,
  type CompressEvent,
  type CompressResult,
  type CompressState,
  type Figures,
  type StepFigures,
} from './state.ts';
import { verdictOf } from './verdict.ts';
import { compressEn } from './words.en.ts';

export { compressEvidence as evidence } from './digest.ts';

const WHAT = {
  svd: 'Decomposing',
  samples: 'Running the samples',
  gradients: 'One backward pass',
  checks: 'Checking the prediction',
  scan: 'Trying candidates',
  test: 'Evaluating',
  plain: 'Evaluating plain text',
  text: 'Generating text',
  laser: "LASER's search",
} as const;

export function output(_: CompressState, event: CompressEvent): StudyOutput {
  if (event.type !== 'progress') return null;
  const left =
    (event.left ?? 0) < 1000 ? '' : `, about ${Math.round(defined(event.left) / 1000)} s left`;
  return { doing: `${WHAT[event.phase]}, ${event.done} of ${event.of}${left}` };
}

export const text = ({ result }: CompressState): string => compressText(defined(result));

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const figures = ({ accuracy, loss }: Figures): string =>
  `${percent(accuracy)} correct, ${loss.toFixed(4)} nats per token`;
const withPlain = (step: StepFigures): string =>
  `${figures(step)}, plain text ${step.plain.toFixed(4)}`;
const agreement = ({ pearson, spearman }: Agreement): string =>
  `r = ${unsignedZero(pearson.toFixed(3))}, Spearman ${unsignedZero(spearman.toFixed(3))}`;
const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;

/** The finding, the trials and the times as text. */
export function compressText(result: CompressResult): string {
  const {
    spec,
    chance,
    calibration,
    candidates,
    checks,
    trials,
    accepted,
    test,
    plain,
    laser,
    times,
  } = result;
  const small = agreementOf(checks);
  const tried = agreementOf(trials);
  const verdict = verdictOf(result);
  const { before, after, plainChange } = verdict;
  const plainAfter = (trial: number) =>
    accepted.includes(trial)
      ? elementAt(test.steps, accepted.indexOf(trial) + 1).plain.toFixed(4)
      : '';
  const rows = trials.map((t, i) => [
    t.accepted ? (accepted.includes(i) ? 'accepted' : 'replaced') : '',
    t.path,
    String(t.blocks),
    String(t.rho),
    String(t.dropped),
    figure(t.predicted, true),
    figure(t.measured, true),
    percent(t.figures.accuracy),
    plainAfter(i),
  ]);
  return [
    `${candidates} candidates, ${trials.length} tried, ${accepted.length} accepted. Chance level: ${percent(chance)}.`,
    ...(tried ? [`Predicted against measured, all ${tried.count} tried: ${agreement(tried)}`] : []),
    ...(small
      ? [
          `Predicted against measured, ${small.count} small removals, which only check the gradient: ${agreement(small)}`,
        ]
      : []),
    '',
    ...columns([
      [
        '',
        'module',
        'blocks',
        'retained',
        'dropped',
        'predicted',
        'measured',
        'accuracy',
        'plain text',
      ],
      ...rows,
    ]),
    '',
    `Plain text (${spec.compress.plain.kind === 'bundled' ? spec.compress.plain.id : 'your own'}, ${elementAt(plain.losses, 0).length} x ${plain.length} tokens, nats per token): ${before.plain.toFixed(4)} -> ${after.plain.toFixed(4)}${plainChange && accepted.length > 0 ? `, 95 % interval of the change ${range(plainChange, true)}` : ''}`,
    `${calibration.samples} selection samples: ${figures(calibration.before)} -> ${figures(calibration.after)}`,
    `${test.samples} test samples: ${withPlain(before)} -> ${withPlain(after)}`,
    ...(laser
      ? [
          `Best of ${laser.made} LASER trials (${laser.best.path}, ${laser.best.rho}): ${withPlain(laser.test)}; the full LASER search of ${laser.evaluations} evaluations ${laser.made < laser.evaluations ? 'would take' : 'took'} ${seconds(laser.extrapolated)}`,
        ]
      : []),
    `${compressEn.finding(verdict)} ${compressEn.sure(verdict, test.samples)}`,
    `Time: ${seconds(times.svd)} for the decompositions, ${seconds(times.gradients)} for the backward pass, ${seconds(times.scan)} for the trials.`,
  ].join('\n');
}
