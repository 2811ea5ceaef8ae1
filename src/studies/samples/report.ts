/** Prints the generated text in the terminal as it is generated. */
import type { StudyOutput } from '../contract.ts';
import type { SamplesEvent, SamplesState } from './state.ts';

export { samplesEvidence as evidence } from './digest.ts';

export function output({ spec }: SamplesState, event: SamplesEvent): StudyOutput {
  switch (event.type) {
    case 'start':
      return { write: spec.samples.prompt };
    case 'token':
      return { write: event.text };
    case 'done': {
      const { losses, texts } = event.result;
      return losses.base
        ? {
            note: `${texts.base.length} tokens; ${losses.base.own.toFixed(4)} nats per token`,
          }
        : null;
    }
    default:
      return null;
  }
}

/** The text has been printed already. */
export const text = (): string => '';
