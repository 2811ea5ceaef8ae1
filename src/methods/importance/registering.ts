/**
 * Derives names, lookups and schemas from a list of methods. `registry.ts` has the product's list.
 */
import * as z from 'zod/mini';
import { defined } from '../../checked.ts';
import type { DrawsMethod, ImportanceMethod } from './contract.ts';

export function registryOf(registered: Readonly<Record<string, ImportanceMethod>>) {
  const IMPORTANCES = Object.keys(registered);
  const methodOf = (name: string): DrawsMethod => {
    const method = defined(registered[name]);
    if (method.gives !== 'draws') throw new RangeError(`"${name}" is no method of the map`);
    return method;
  };
  const METHODS = IMPORTANCES.filter((name) => registered[name]?.gives === 'draws');
  const schemas = METHODS.map((name) =>
    z.strictObject({ name: z.literal(name), ...methodOf(name).settings }),
  );
  return {
    /** All methods, in display order. */
    IMPORTANCES,
    /** The methods of the map. */
    METHODS,
    importanceOf: (name: string): ImportanceMethod => defined(registered[name]),
    methodOf,
    /** Schema of the settings of any method of the map, by its `name`. */
    methodUnion: z.discriminatedUnion('name', schemas as [(typeof schemas)[number]]),
  };
}
