/** The settings of a method of the map: its form, its defaults, and a change of the method. */
import { methodOf, METHODS } from '../methods/importance/registry.ts';
import { SIGMA, type MethodSetting } from '../methods/importance/settings.ts';
import type { MethodName, MethodSpec } from './spec.ts';

/** Methods of the map, and the default of a fixed σ. */
export { METHODS, SIGMA };

export type Field = MethodSetting & { key: string };

/** The settings of a method except its name, in the order of the form. */
export const methodFields = (name: MethodName): Field[] =>
  Object.entries(methodOf(name).settings).map(([key, setting]) => ({ key, ...setting }));

/** The default settings of a method. */
export const defaultMethod = <N extends MethodName>(name: N) =>
  Object.fromEntries([
    ['name', name],
    ...methodFields(name).map(({ key, normal }) => [key, normal]),
  ]) as Extract<MethodSpec, { name: N }>;

/**
 * The experiment with another method: the method's defaults and the experiment's noise settings.
 */
export function byMethod<S extends { method: MethodSpec }>(spec: S, name: MethodName): S {
  if (spec.method.name === name) return spec;
  const method: MethodSpec = defaultMethod(name);
  return {
    ...spec,
    method:
      'noise' in method && 'noise' in spec.method
        ? { ...method, noise: spec.method.noise }
        : method,
  };
}
