/**
 * The state of the agreement study: a pure reduction of its events, and how well the methods'
 * orders agree.
 */
import { defined, elementAt } from '../../checked.ts';
import type { ProviderInfo } from '../../engine/engine.ts';
import { spearman } from '../../methods/statistics.ts';
import type { AgreeMethod } from './settings.ts';
import type { ModelName } from '../map/events.ts';
import type { ExperimentSpec } from '../spec.ts';

/** A module as tables name it. */
export interface AgreeModule {
  path: string;
  layer: number;
  role: string;
}

export interface AgreeMeasurement {
  method: AgreeMethod;
  /** By module, in the method's own unit; EVA's are ranks. */
  importances: number[];
  /** null: taken from the map. */
  milliseconds: number | null;
}

export interface AgreeState {
  spec: ExperimentSpec;
  model: ModelName;
  provider: ProviderInfo;
  versions: { rankAtlas: string; onnxruntime: string };
  modules: AgreeModule[];
  /** The size of the batch that was measured. */
  tokens: { sequences: number; length: number };
  measuring: { method: AgreeMethod; done: number; of: number } | null;
  /** In the order of the setting. */
  measured: AgreeMeasurement[];
  result: AgreeResult | null;
}

/**
 * The file of a finished comparison. `spearman[i][j]` compares `measured[i]` and `measured[j]`;
 * null if either is constant.
 */
export interface AgreeResult extends Omit<AgreeState, 'measuring' | 'result'> {
  format: 'rank-atlas-agreement';
  version: 1;
  spearman: (number | null)[][];
}

export type AgreeEvent =
  | ({ type: 'start' } & Omit<AgreeState, 'measuring' | 'measured' | 'result'>)
  | { type: 'measuring'; method: AgreeMethod; done: number; of: number }
  | ({ type: 'measured' } & AgreeMeasurement)
  | { type: 'done'; result: AgreeResult };

/** Returns the state after one more event. A stream starts with `start`. */
export function reduceAgree(state: AgreeState | null, event: AgreeEvent): AgreeState {
  if (event.type === 'start') {
    const { spec, model, provider, versions, modules, tokens } = event;
    return {
      spec,
      model,
      provider,
      versions,
      modules,
      tokens,
      measuring: null,
      measured: [],
      result: null,
    };
  }
  if (!state) throw new RangeError('a comparison begins with its start');
  switch (event.type) {
    case 'measuring':
      return { ...state, measuring: { method: event.method, done: event.done, of: event.of } };
    case 'measured': {
      const { method, importances, milliseconds } = event;
      return {
        ...state,
        measuring: null,
        measured: [...state.measured, { method, importances, milliseconds }],
      };
    }
    case 'done':
      return { ...state, measuring: null, result: event.result };
  }
}

/** 0 to 1; all methods have the same weight. */
export function agreeProgress({ spec, measured, measuring, result }: AgreeState): number {
  if (result) return 1;
  return (
    (measured.length + (measuring ? measuring.done / Math.max(1, measuring.of) : 0)) /
    spec.agree.methods.length
  );
}

/** Spearman's ρ of every pair; null if undefined. */
export const correlations = (measured: readonly AgreeMeasurement[]): (number | null)[][] =>
  measured.map((a) =>
    measured.map((b) => {
      const rho = spearman(a.importances, b.importances);
      return Number.isFinite(rho) ? rho : null;
    }),
  );

export interface AgreeVerdict {
  reference: AgreeMethod;
  closest: { method: AgreeMethod; rho: number };
  farthest: { method: AgreeMethod; rho: number };
  /**
   * The |ρ| that unrelated orders of this many modules exceed with probability 0.05: 1.96/√(n − 1),
   * the large-sample limit.
   */
  chance: number;
}

/**
 * The methods most and least like the first in their order; null before two methods can be
 * compared.
 */
export function agreeVerdict({
  measured,
  modules,
}: Pick<AgreeState, 'measured' | 'modules'>): AgreeVerdict | null {
  const [reference, ...others] = measured;
  const row = correlations(measured)[0];
  const compared = others
    .flatMap(({ method }, i) =>
      defined(row)[i + 1] === null ? [] : [{ method, rho: defined(defined(row)[i + 1]) }],
    )
    .sort((a, b) => b.rho - a.rho);
  if (!reference || compared.length === 0) return null;
  return {
    reference: reference.method,
    closest: elementAt(compared, 0),
    farthest: elementAt(compared, -1),
    chance: 1.96 / Math.sqrt(modules.length - 1),
  };
}
