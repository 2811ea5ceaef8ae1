/**
 * A compression on the command line: progress on stderr, what was found on stdout, the result with
 * `--out`, and with `--out-model` a folder with the compressed export and the factors of what was
 * cut.
 */
import { defined, elementAt } from '../src/checked.ts';
import { compressedFiles } from '../src/studies/compress/export.ts';
import { runCompress } from '../src/studies/compress/run.ts';
import {
  agreementOf,
  reduceCompress,
  type Agreement,
  type CompressResult,
  type CompressState,
  type Figures,
  type StepFigures,
} from '../src/studies/compress/state.ts';
import { verdictOf } from '../src/studies/compress/verdict.ts';
import { columns } from '../src/studies/map/export.ts';
import { describeBytes } from '../src/model/figures.ts';
import { figure, range } from './figures.ts';
import { writeModelFolder } from './model-folder.ts';
import { writeBytes } from './output.ts';
import { clearLine, line } from './progress.ts';
import { steps } from './stopping.ts';
import { openStudy, type StudyCommand } from './study.ts';

export const compress: StudyCommand = async (spec, options) => {
  const { context, model, keeper, dispose } = await openStudy(spec, options);
  let state: CompressState | null = null;
  try {
    const checkpoint = await keeper('compress');
    for await (const event of steps(runCompress({ ...context, checkpoint }), checkpoint)) {
      state = reduceCompress(state, event);
      if (event.type === 'progress')
        line(
          `${WHAT[event.phase]}, ${event.done} of ${event.of}${(event.left ?? 0) < 1000 ? '' : `, about ${Math.round(defined(event.left) / 1000)} s left`}`,
        );
    }
  } finally {
    clearLine();
    await dispose();
  }
  const result = defined(defined(state).result);
  if (options.out !== undefined) await writeBytes(options.out, `${JSON.stringify(result)}\n`);
  const folder = options['out-model'];
  if (folder !== undefined) {
    for (const [path, bytes] of await writeModelFolder(
      folder,
      await compressedFiles(model, result),
      model.open,
    ))
      console.error(`${path}: ${describeBytes(bytes)}`);
  }
  console.log(compressText(result));
  return 0;
};

const WHAT = {
  svd: 'Decomposing',
  samples: 'Running the samples',
  gradients: 'One backward pass',
  checks: 'Checking the prediction',
  scan: 'Trying candidates',
  test: 'Judging',
  plain: 'Judging plain text',
  text: 'Writing',
  laser: "LASER's search",
} as const;

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const figures = ({ accuracy, loss }: Figures): string =>
  `${percent(accuracy)} right, ${loss.toFixed(4)} nats per token`;
const withPlain = (step: StepFigures): string =>
  `${figures(step)}, plain text ${step.plain.toFixed(4)}`;
const agreement = ({ pearson, spearman }: Agreement): string =>
  `r = ${pearson.toFixed(3)}, Spearman ${spearman.toFixed(3)}`;
const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;

/** The finding, the trail and the times as text. */
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
  const { before, after, plainChange } = verdictOf(result);
  const plainAfter = (trial: number) =>
    accepted.includes(trial)
      ? elementAt(test.steps, accepted.indexOf(trial) + 1).plain.toFixed(4)
      : '';
  const rows = trials.map((t, i) => [
    t.accepted ? (accepted.includes(i) ? 'kept' : 'replaced') : '',
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
    `${candidates} candidates, ${trials.length} tried, ${accepted.length} kept. Luck alone: ${percent(chance)}.`,
    ...(tried ? [`Prediction against truth, all ${tried.count} tried: ${agreement(tried)}`] : []),
    ...(small
      ? [
          `Prediction against truth, ${small.count} small removals made to check it: ${agreement(small)}`,
        ]
      : []),
    '',
    ...columns([
      [
        '',
        'module',
        'blocks',
        'kept',
        'dropped',
        'predicted',
        'measured',
        'accuracy',
        'plain text',
      ],
      ...rows,
    ]),
    '',
    `Plain text (${spec.compress.plain.kind === 'bundled' ? spec.compress.plain.id : 'your own'}, ${elementAt(plain.losses, 0).length} x ${plain.length} tokens, nats per token): ${before.plain.toFixed(4)} -> ${after.plain.toFixed(4)}${plainChange && accepted.length > 0 ? `, 95 % of the change ${range(plainChange, true)}` : ''}`,
    `${calibration.samples} samples that chose:  ${figures(calibration.before)} -> ${figures(calibration.after)}`,
    `${test.samples} samples that judge:  ${withPlain(before)} -> ${withPlain(after)}`,
    ...(laser
      ? [
          `LASER's best of ${laser.made} (${laser.best.path}, ${laser.best.rho}): ${withPlain(laser.test)}; its whole search, ${laser.evaluations} evaluations, ${laser.made < laser.evaluations ? 'would take' : 'took'} ${seconds(laser.extrapolated)}`,
        ]
      : []),
    `Took ${seconds(times.svd)} to decompose, ${seconds(times.gradients)} for the backward pass, ${seconds(times.scan)} for the trials.`,
  ].join('\n');
}
