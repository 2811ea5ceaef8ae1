/** What follows from a list of methods; `registry.ts` has the product's. */
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
    /** Every method, in the order of lists. */
    IMPORTANCES,
    /** The methods of the map. */
    METHODS,
    importanceOf: (name: string): ImportanceMethod => defined(registered[name]),
    methodOf,
    /** The settings of any method of the map, by its `name`. */
    methodUnion: z.discriminatedUnion('name', schemas as [(typeof schemas)[number]]),
  };
}
