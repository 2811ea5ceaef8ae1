/**
 * Prints a training run in the terminal: held-out losses as they are measured, and the loss at
 * every rank at the end.
 */
import { defined, elementAt } from '../../checked.ts';
import { smallestWithin } from '../../methods/qdylora.ts';
import { describeBytes } from '../../model/figures.ts';
import type { StudyOutput } from '../contract.ts';
import { columns } from '../map/export.ts';
import type { TrainEvent, TrainResult } from './run.ts';
import type { TrainState } from './state.ts';
import { BAND, doingNow } from './verdict.ts';

export { trainEvidence as evidence } from './digest.ts';

const WHAT = {
  base: 'Preparing the weights',
  training: 'Training',
  curve: 'Evaluating ranks',
  separate: 'Training separate LoRAs',
} as const;

export function output(state: TrainState, event: TrainEvent): StudyOutput {
  if (event.type === 'base')
    return {
      note: `linear layers: ${describeBytes(event.bytes)}, ${event.perWeight.toFixed(3)} bytes per weight`,
    };
  if (event.type === 'training' && event.training === 0)
    return {
      note: `${event.parameters} parameters; ${event.sequences} training sequences, ${event.heldSequences} held out`,
    };
  if (event.type === 'found' && event.training === 0 && event.finding.type === 'evaluation') {
    const { step, loss } = event.finding;
    return { line: `after ${String(step).padStart(5)} steps: held-out loss ${loss.toFixed(4)}` };
  }
  if (event.type === 'done')
    return { note: `${(event.result.training.time / 1000).toFixed(1)} s for training steps` };
  const doing = doingNow(state);
  if (!doing) return null;
  const loss = state.trainings.at(-1)?.losses.at(-1);
  const so = loss === undefined ? '' : `, loss ${loss.toFixed(4)}`;
  return { doing: `${WHAT[doing.what]}, ${doing.done} of ${doing.of}${so}` };
}

export const text = ({ result }: TrainState): string => trainText(defined(result));

/**
 * The settings and losses of the run. For QDyLoRA also the loss by rank, the separate LoRAs and the
 * notable ranks.
 */
export function trainText(result: TrainResult): string {
  const {
    spec: { train, training },
    training: { parameters, evaluations },
  } = result;
  const { steps, batch, length, learningRate } = training;
  const how = train.method.name === 'qdylora' ? train.method.mode : 'LoRA';
  const [base, trained] = [elementAt(evaluations, 0), elementAt(evaluations, -1)].map((e) =>
    e.loss.toFixed(4),
  );
  return [
    `${steps} steps of ${batch} x ${length} tokens, learning rate ${learningRate}, ${how}: ${parameters} parameters. Loss in nats per token: ${base} before, ${trained} after.`,
    ...(result.curve ? byRank(result.curve, result.separate) : []),
  ].join('\n');
}

function byRank(
  { losses, knee }: NonNullable<TrainResult['curve']>,
  separate: TrainResult['separate'],
): string[] {
  const best = Math.min(...losses.map((l) => l.loss));
  const rows = losses.map(({ rank, loss }) => {
    const own = separate.find((s) => s.rank === rank)?.evaluations.at(-1)?.loss;
    return [
      String(rank),
      loss.toFixed(4),
      `${(100 * (loss / best - 1)).toFixed(2)} %`,
      ...(separate.length > 0 ? [own?.toFixed(4) ?? ''] : []),
    ];
  });
  return [
    '',
    ...columns([
      ['rank', 'loss', 'above best', ...(separate.length > 0 ? ['separate LoRA'] : [])],
      ...rows,
    ]),
    '',
    `Rank ${smallestWithin(losses, BAND).rank} is the smallest within ${100 * BAND} % of the best loss.`,
    `knee: rank ${knee}, the smallest with at least 95 % of the best improvement`,
  ];
}
