/** The rank slider in the terminal: the loss at every rank, and what the curve says. */
import { defined, elementAt } from '../../checked.ts';
import { smallestWithin } from '../../methods/qdylora.ts';
import { describeBytes } from '../../model/figures.ts';
import type { Told } from '../contract.ts';
import { columns } from '../map/export.ts';
import type { SliderEvent, SliderResult } from './run.ts';
import type { SliderState } from './state.ts';
import { BAND, doingNow } from './verdict.ts';

const WHAT = {
  base: 'Preparing the weights',
  training: 'Training all ranks',
  curve: 'Judging ranks',
  separate: 'Training LoRAs beside',
} as const;

export function told(state: SliderState, event: SliderEvent): Told {
  if (event.type === 'base')
    return {
      note: `linear layers: ${describeBytes(event.bytes)}, ${event.perWeight.toFixed(3)} bytes a weight`,
    };
  const doing = doingNow(state);
  if (!doing) return null;
  const loss = state.trainings.at(-1)?.losses.at(-1);
  const so = loss === undefined ? '' : `, loss ${loss.toFixed(4)}`;
  return { doing: `${WHAT[doing.what]}, ${doing.done} of ${doing.of}${so}` };
}

export const text = ({ result }: SliderState): string => sliderText(defined(result));

/** Loss by rank, the LoRAs beside, and what the curve says. */
export function sliderText({
  spec,
  training: { parameters, evaluations, time },
  curve: { losses, knee },
  separate,
}: SliderResult): string {
  const { steps, batch, length, learningRate } = spec.training;
  const base = elementAt(evaluations, 0).loss;
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
    `${steps} steps of ${batch} x ${length} tokens, learning rate ${learningRate}, ${spec.slider.mode}: ${parameters} parameters, ${(time / 1000).toFixed(1)} s. Loss without an adapter: ${base.toFixed(4)} nats per token.`,
    '',
    ...columns([
      ['rank', 'loss', 'above best', ...(separate.length > 0 ? ['LoRA alone'] : [])],
      ...rows,
    ]),
    '',
    `Rank ${smallestWithin(losses, BAND).rank} is the smallest within ${100 * BAND} % of the best loss; rank ${knee} the smallest that keeps 95 % of the best improvement.`,
  ].join('\n');
}
