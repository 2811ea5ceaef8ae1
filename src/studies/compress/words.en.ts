/** The compress study's words in English. The command line prints the same sentences. */
import type { Agreement, CompressPhase, Figures, StepFigures } from './state.ts';
import { wayOf, type CompressVerdict } from './verdict.ts';
import { numbers } from '../../language/numbers.ts';

const n = numbers('en');
const percent = (share: number) => `${n.fixed(100 * share, 1)} %`;
const points = (share: number) => n.signed(100 * share, 1);
const nats = (v: number) => n.fixed(v, 3);
const s = (count: number) => (count === 1 ? '' : 's');
/** Two printed figures; equal ones are not written as a change. */
const fromTo = (before: string, after: string) =>
  before === after ? `${before} before and after` : `${before} to ${after}`;
/** What a figure did: only a significant change rises or falls. */
const moved = (before: string, after: string, way: -1 | 0 | 1) =>
  before === after
    ? `stays at ${before}`
    : `${way > 0 ? 'rises' : way < 0 ? 'falls' : 'does not change significantly'}: ${before} to ${after}`;
const agreement = ({ pearson, spearman }: Agreement) =>
  `r = ${n.fixed(pearson, 2)}, Spearman ${n.fixed(spearman, 2)}`;

export const compressEn = {
  spectrumTitle: 'Effect of each component',
  scatterTitle: 'Predicted and measured',
  views: { label: 'Chart', spectrum: 'Components', scatter: 'Prediction' },
  empty: 'One backward pass will rank every component.',
  emptyNote: 'The best removals are then measured.',
  running: 'The finding appears at the end.',
  interrupted: 'The scan is incomplete.',
  phase: (phase: CompressPhase, done: number, of: number, left: string | null) =>
    `${
      {
        svd: 'Decomposing weights',
        samples: 'Running the samples',
        gradients: 'Running the backward pass',
        checks: 'Measuring small removals',
        scan: 'Trying removals',
        test: 'Running the test samples',
        plain: 'Evaluating plain text',
        text: 'Generating a text',
        laser: 'Running the LASER search',
      }[phase]
    }, ${n.whole(done)} of ${n.whole(of)}.${left === null ? '' : ` About ${left} left.`}`,
  /** The effect on plain text is always reported with the effect on the task. */
  finding: ({ steps, before, after, kind, plainChange }: CompressVerdict) =>
    kind === 'none'
      ? 'Nothing is removed: no trial improved the selection samples.'
      : `With ${n.whole(steps)} removal${s(steps)}, accuracy ${moved(percent(before.accuracy), percent(after.accuracy), kind === 'helped' ? 1 : kind === 'cost' ? -1 : 0)}. Loss on plain text ${moved(nats(before.plain), nats(after.plain), wayOf(plainChange))} nats.`,
  undone: 'All steps are undone.',
  sure: ({ change, kind }: CompressVerdict, samples: number) =>
    change === null || kind === 'none'
      ? `Evaluated on ${n.whole(samples)} test samples, which took no part in the scan.`
      : change.low === 0 && change.high === 0
        ? `Each of the ${n.whole(samples)} test samples, which took no part in the scan, is as correct as before.`
        : `95 % interval of the change: ${points(change.low)} to ${points(change.high)} points, on ${n.whole(samples)} test samples, which took no part in the scan.`,
  plain: (
    text: string,
    sequences: number,
    length: number,
    { before, after, plainChange: change }: CompressVerdict,
  ) =>
    `Plain text (${text}, ${n.whole(sequences)} × ${n.whole(length)} tokens): ${fromTo(nats(before.plain), nats(after.plain))}, in nats per token${change === null ? '' : `, 95 % of the change: ${n.signed(change.low, 3)} to ${n.signed(change.high, 3)}`}.`,
  nearChance:
    'The model is not significantly above chance on this task, so a gain may be chance as well.',
  counts: (tried: number, candidates: number, laser: number) =>
    `${n.whole(tried)} of ${n.whole(candidates)} candidates tried; the LASER search needs ${n.whole(laser)}.`,
  laser: ({
    best,
    rho,
    test,
    made,
    of,
    seconds,
  }: {
    best: string;
    rho: number;
    test: StepFigures;
    made: number;
    of: number;
    seconds: string;
  }) =>
    `LASER’s best${made < of ? ` of ${n.whole(made)} tried` : ''}: ${best} reduced to ${n.short(rho * 100)} %, ${percent(test.accuracy)} on the test samples, ${nats(test.plain)} nats on plain text. The whole search ${made < of ? 'would take' : 'took'} ${seconds}.`,
  calibration: (before: Figures, after: Figures, chance: number) =>
    `Selection samples, which chose the removals: accuracy ${fromTo(percent(before.accuracy), percent(after.accuracy))}, loss ${fromTo(nats(before.loss), nats(after.loss))} nats per token${chance > 0 ? `; chance ${percent(chance)}` : ''}.`,
  module: 'Module',
  cumulative: 'removed from here on',
  component: 'component, strongest first',
  sigma: 'singular value',
  spectrumUnit: 'predicted change in loss when removed, nats per token',
  scatterUnit: 'change in loss, nats per token',
  spectrumFinding: (module: string, retained: number, of: number) =>
    `${module} retains ${n.whole(retained)} of ${n.whole(of)} components.`,
  spectrumWhole: (module: string, max: number) =>
    `First-order prediction: removing components of ${module} lowers the loss by ${n.significant(max)} nats at most.`,
  spectrumNothing: (module: string) => `No tail of ${module} lowers the loss to first order.`,
  /** The candidates tried come first: the small removals only check the gradient. */
  scatterFinding: (tried: Agreement | null, small: Agreement | null) =>
    [
      ...(tried ? [`The ${n.whole(tried.count)} candidates tried: ${agreement(tried)}.`] : []),
      ...(small
        ? [
            `${n.whole(small.count)} small removals, which only check the gradient: ${agreement(small)}.`,
          ]
        : []),
    ].join(' '),
  scatterNote: 'Left: a 24th of the components removed. Right: the candidates tried.',
  small: 'small removals',
  tried: 'candidates tried',
  predicted: 'predicted',
  measured: 'measured',
  trail: 'Trials',
  trailName: 'Removals tried, in order',
  columns: {
    module: 'module',
    blocks: 'blocks',
    rho: 'retained',
    predicted: 'predicted',
    measured: 'measured',
    accuracy: 'accuracy',
    plain: 'plain text',
  },
  acceptedMark: 'accepted',
  replacedMark: 'replaced',
  undo: 'Undo',
  redo: 'Redo all',
  inForce: (steps: number, of: number) => `${n.whole(steps)} of ${n.whole(of)} steps applied.`,
  undoName: (module: string) => `Undo ${module} and all later steps`,
  samples: 'Before and after, sample by sample',
  changedOnly: 'Only changed answers',
  noChange: 'No sample changed its answer.',
  sampleColumns: { question: 'sample', before: 'before', after: 'after' },
  right: 'correct',
  wrong: 'wrong',
  share: (v: number) => percent(v),
  more: (count: number) => `${n.whole(count)} more`,
  factors: 'the factors',
  model: 'the model',
  texts: 'A text before and after',
  textBefore: 'Unmodified model',
  textAfter: (steps: number) => `With ${n.whole(steps)} step${s(steps)}`,
  textSame: 'The two texts are identical.',
  settings: {
    title: 'Settings',
    task: 'Task',
    tasks: {
      'next-word': 'Next word',
      continuation: 'Next four words',
      own: 'Your own table',
      text: 'Next tokens of a text',
    } as Record<string, string>,
    plain: 'Plain text',
    plainOwn: 'your own text',
    scoring: 'Combine an option’s tokens by',
    sum: 'sum',
    mean: 'mean',
    samples: 'Selection samples',
    test: 'Test samples',
    rowBlocks: 'Row blocks',
    rowBlocksHint: 'Any of 1, 2, 4, 8, 16.',
    split: 'Blocks are',
    contiguous: 'neighbouring rows',
    kmeans: 'rows of similar direction (k-means)',
    ranking: 'Rank candidates by',
    curvature: 'slope and curvature',
    'first-order': 'slope alone (the paper’s)',
    trials: 'Candidates tried',
    checks: 'Small removals measured',
    laser: 'LASER search',
    none: 'none',
    sample: '24 evaluations',
    all: 'all evaluations (minutes)',
  },
  table: {
    title: 'Task table',
    note: 'The seed divides the rows into selection and test samples.',
    question: 'Question',
    options: 'Options, the correct one marked',
    answer: (i: number) => `Option ${n.whole(i + 1)} is correct`,
    option: (row: number, i: number) => `Row ${n.whole(row)}, option ${n.whole(i + 1)}`,
    rowQuestion: (row: number) => `Row ${n.whole(row)}, question`,
    page: (first: number, last: number, of: number) =>
      `${n.whole(first)} to ${n.whole(last)} of ${n.whole(of)}`,
    previous: 'Previous',
    next: 'Next',
    edit: 'Edit a copy',
    add: 'Add a row',
    remove: 'Remove',
    removeName: (row: number) => `Remove row ${n.whole(row)}`,
    text: 'This task is a text and has no table.',
  },
};

export type CompressWords = typeof compressEn;
