/** The state of the samples study: a pure reduction of its events to plain data. */
import type { ProviderInfo } from '../../engine/engine.ts';
import type { ModelName } from '../map/events.ts';
import type { ExperimentSpec } from '../spec.ts';
import type { SavedAdapter } from '../saved-adapter.ts';

export interface SampleToken {
  id: number;
  /** Empty if the token ends within a character. */
  text: string;
  /** ln p under the model that generated it, at temperature 1. */
  logProbability: number;
  /**
   * ln p under the other model, once it has scored the text; null before, and without an adapter.
   */
  other: number | null;
}

export type Writer = 'base' | 'adapted';

/** The adapter in use, over these weights. `rank` is set for an adapter trained for every rank. */
export interface SampledAdapter {
  name: string;
  rank: number | null;
  base: SavedAdapter['base'];
}

export interface SamplesState {
  spec: ExperimentSpec;
  /** null: the base generates alone. */
  adapter: SampledAdapter | null;
  texts: Record<Writer, SampleToken[]>;
  /** Generation time in milliseconds. */
  time: Record<Writer, number>;
  result: SamplesResult | null;
}

export interface SamplesResult {
  format: 'rank-atlas-samples';
  version: 1;
  spec: ExperimentSpec;
  model: ModelName;
  provider: ProviderInfo;
  versions: { rankAtlas: string; onnxruntime: string };
  prompt: number[];
  adapter: SampledAdapter | null;
  texts: Record<Writer, SampleToken[]>;
  /** Nats per token of each text, under the model that generated it and under the other. */
  losses: Record<Writer, { own: number; other: number | null } | null>;
  time: Record<Writer, number>;
}

export type SamplesEvent =
  | { type: 'start'; spec: ExperimentSpec; adapter: SampledAdapter | null }
  /** `done` of at most `of` tokens of this text. */
  | {
      type: 'token';
      by: Writer;
      id: number;
      text: string;
      logProbability: number;
      milliseconds: number;
      done: number;
      of: number;
    }
  /** ln p of a text's tokens under the model that did not generate it. */
  | { type: 'scored'; by: Writer; other: number[] }
  | { type: 'done'; result: SamplesResult };

/** Returns the next state. A stream starts with `start`. */
export function reduceSamples(state: SamplesState | null, event: SamplesEvent): SamplesState {
  if (event.type === 'start')
    return {
      spec: event.spec,
      adapter: event.adapter,
      texts: { base: [], adapted: [] },
      time: { base: 0, adapted: 0 },
      result: null,
    };
  if (!state) throw new RangeError('samples begin with their start');
  switch (event.type) {
    case 'token': {
      const { by, id, text, logProbability, milliseconds } = event;
      return {
        ...state,
        texts: {
          ...state.texts,
          [by]: [...state.texts[by], { id, text, logProbability, other: null }],
        },
        time: { ...state.time, [by]: state.time[by] + milliseconds },
      };
    }
    case 'scored':
      return {
        ...state,
        texts: {
          ...state.texts,
          [event.by]: state.texts[event.by].map((t, i) => ({
            ...t,
            other: event.other[i] ?? null,
          })),
        },
      };
    case 'done':
      return { ...state, result: event.result };
  }
}

/** Generated tokens as a fraction of the maximum. */
export const samplesProgress = ({ spec, adapter, texts }: SamplesState): number =>
  (texts.base.length + texts.adapted.length) / (spec.samples.tokens * (adapter ? 2 : 1));
