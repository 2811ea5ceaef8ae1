/**
 * What every method that measures the modules says while it does: the run loop tells it on without
 * knowing which it is.
 */
import type { CleanPass } from '../../engine/engine.ts';

/**
 * Asked before every item: as much at once as computes well; the same, but the first sweep layer by
 * layer, for who watches; or one module (step mode).
 */
export interface Control {
  granularity(): 'batch' | 'layer' | 'module';
}

export type MeasuringEvent =
  /**
   * These modules are measured next: those of this layer and maybe a few behind it, or (null) of
   * the whole model at once.
   */
  | { type: 'probing'; repeat: number; layer: number | null; modules: number[] }
  /** `values[i]` is that of `modules[i]` in this repeat. */
  | {
      type: 'draws';
      repeat: number;
      layer: number | null;
      modules: number[];
      values: number[];
      milliseconds: number;
    }
  /** Every module has its value of this repeat. */
  | { type: 'sweep'; repeat: number };

/** Whether a value is there already, from an earlier run. */
export type Known = (module: number, repeat: number) => boolean;

/** What a method of the map is handed. */
export interface MeasuredWith<E, Options> {
  engine: E;
  pass: CleanPass;
  options: Options;
  control: Control;
  known: Known;
  /** Milliseconds, monotonic. */
  now: () => number;
}
