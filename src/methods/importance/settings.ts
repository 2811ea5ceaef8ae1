/**
 * Settings of methods as plain data: the default and the limits of each. Forms read them, and
 * `spec/method-schema.ts` builds the schemas that validate them.
 */

/** Smallest and largest value of each. */
export const METHOD_LIMITS = {
  repeats: [1, 64],
  sigma: [1e-6, 10],
} as const satisfies Record<string, readonly [number, number]>;

/** Gaussian noise on a module's weight: `std` = std(W) per module (default), or a fixed σ. */
export type Noise = { scale: 'std' } | { scale: 'fixed'; sigma: number };

/** The default of a fixed σ. */
export const SIGMA = 0.05;

/** A whole number within inclusive limits. `normal` is the default, also of the other kinds. */
export interface WholeSetting {
  kind: 'whole';
  normal: number;
  min: number;
  max: number;
}

export interface ChoiceSetting<Option extends string | boolean = string | boolean> {
  kind: 'choice';
  normal: Option;
  options: readonly Option[];
}

export interface NoiseSetting {
  kind: 'noise';
  normal: Noise;
}

export type MethodSetting = WholeSetting | ChoiceSetting | NoiseSetting;

export const whole = (normal: number, [min, max]: readonly [number, number]): WholeSetting => ({
  kind: 'whole',
  normal,
  min,
  max,
});

export const choice = <const Option extends string | boolean>(
  normal: NoInfer<Option>,
  options: readonly Option[],
): ChoiceSetting<Option> => ({ kind: 'choice', normal, options });

/** Number of values per module, of the kind that Play adds to. Every method of the map has it. */
export const repeats = (normal: number): WholeSetting => whole(normal, METHOD_LIMITS.repeats);

export const noise: NoiseSetting = { kind: 'noise', normal: { scale: 'std' } };

/** The noise in a method's settings; std(W) for a method without the setting. */
export const noiseOf = (settings: object): Noise =>
  'noise' in settings ? (settings.noise as Noise) : noise.normal;
