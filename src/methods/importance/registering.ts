/** Derives names and lookups from a list of methods. `registry.ts` has the product's list. */
import { defined } from '../../checked.ts';
import type { DrawsMethod, ImportanceMethod } from './contract.ts';

export function registryOf(registered: Readonly<Record<string, ImportanceMethod>>) {
  const IMPORTANCES = Object.keys(registered);
  return {
    /** All methods, in display order. */
    IMPORTANCES,
    /** The methods of the map. */
    METHODS: IMPORTANCES.filter((name) => registered[name]?.gives === 'draws'),
    importanceOf: (name: string): ImportanceMethod => defined(registered[name]),
    methodOf: (name: string): DrawsMethod => {
      const method = defined(registered[name]);
      if (method.gives !== 'draws') throw new RangeError(`"${name}" is no method of the map`);
      return method;
    },
  };
}
