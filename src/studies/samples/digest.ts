/** What a link says of generated texts: their tokens, and their losses under both models. */
import { LOSS } from '../loss-tolerance.ts';
import type { EvidenceOf } from '../digest.ts';
import type { SamplesState } from './state.ts';

export const samplesEvidence: EvidenceOf<SamplesState> = ({ result }) => {
  if (!result) return null;
  const { model, provider, prompt, texts, losses } = result;
  return {
    model: model.hash,
    provider: provider.kind,
    exact: { tokens: [prompt, texts.base.map((t) => t.id), texts.adapted.map((t) => t.id)] },
    measured: {
      losses: {
        values: [losses.base, losses.adapted].flatMap((l) => [l?.own ?? null, l?.other ?? null]),
        ...LOSS,
      },
    },
  };
};
