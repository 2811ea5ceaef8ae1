/** Prints a measurement in the terminal: progress, then the table of ranks. */
import { defined } from '../../checked.ts';
import type { StudyOutput } from '../contract.ts';
import { stageOf } from './draws.ts';
import type { RunEvent } from './events.ts';
import { resultText, textTable } from './export.ts';
import { timeLeft, type Measurement } from './state.ts';

export function output(state: Measurement, event: RunEvent): StudyOutput {
  if (event.type === 'start') {
    const { sequences, length, spec } = state;
    return sequences < spec.sequences
      ? {
          note: `rank-atlas: the text has only ${sequences} sequences of ${length} tokens. The run uses all of them.`,
        }
      : null;
  }
  if (event.type !== 'draws') return null;
  const { repeat, layer } = event;
  const left = timeLeft(state);
  const { kind, at, of } = stageOf(state.spec.method, repeat);
  const where = layer === null ? '' : `, layer ${layer}`;
  const time = left === null ? '' : `, about ${Math.ceil(left / 1000)} s left`;
  return { doing: `Measuring, ${kind} ${at} of ${of}${where}${time}` };
}

export const text = ({ result }: Measurement): string => textTable(defined(result));

export const file = ({ result }: Measurement): string => resultText(defined(result));
