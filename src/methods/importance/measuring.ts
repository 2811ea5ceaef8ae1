/**
 * The events of every method that measures modules. The run loop forwards them without knowing the
 * method.
 */
import type { CleanPass } from '../../engine/engine.ts';

/**
 * Read before every item. `batch`: as much at once as is efficient; `layer`: the same, but the
 * first sweep runs layer by layer for a viewer; `module`: one module (step mode).
 */
export interface Control {
  granularity(): 'batch' | 'layer' | 'module';
}

export type MeasuringEvent =
  /**
   * These modules are measured next: those of this layer and possibly of the next layers, or (null)
   * of the whole model at once.
   */
  | { type: 'probing'; repeat: number; layer: number | null; modules: number[] }
  /** `values[i]` is the value of `modules[i]` in this repeat. */
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

/** True if the value exists from an earlier run. */
export type Known = (module: number, repeat: number) => boolean;

/** The arguments of a method of the map. */
export interface MeasuredWith<E, Options> {
  engine: E;
  pass: CleanPass;
  options: Options;
  control: Control;
  known: Known;
  /** Milliseconds, monotonic. */
  now: () => number;
}
