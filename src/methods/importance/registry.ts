/** Every importance method by name, in display order. This is the only list of methods. */
import type * as z from 'zod/mini';
import { adarank } from './adarank.ts';
import { combined } from './combined.ts';
import type { DrawsMethod, DrawsShape, ImportanceMethod, SettingsOf } from './contract.ts';
import { eva } from './eva.ts';
import { fisher } from './fisher.ts';
import { gora } from './gora.ts';
import { gradientRank } from './gradient-rank.ts';
import { jacobian } from './jacobian.ts';
import { registryOf } from './registering.ts';
import { weightSpectrum } from './weight-spectrum.ts';

export const registered = {
  adarank,
  jacobian,
  combined,
  eva,
  fisher,
  gora,
  'gradient-rank': gradientRank,
  spectrum: weightSpectrum,
};

type Registered = typeof registered;
export type ImportanceName = keyof Registered;

type Shapes = {
  [
    K in ImportanceName as Registered[K] extends { gives: 'draws' } ? K : never
  ]: Registered[K] extends { settings: infer S extends DrawsShape } ? S : never;
};
/** Methods of the map, and of the library's `measure`: each gives repeated values per module. */
export type MethodName = keyof Shapes;

/** A method of the map with its settings, as in an experiment. */
export type MethodSpec = {
  [K in MethodName]: { name: K } & SettingsOf<Shapes[K]>;
}[MethodName];

const registry = registryOf(registered);

export const IMPORTANCES = registry.IMPORTANCES as [ImportanceName, ...ImportanceName[]];
export const METHODS = registry.METHODS as [MethodName, ...MethodName[]];

/** Looks up a method whose name is known only at run time. */
export const importanceOf = registry.importanceOf as (name: ImportanceName) => ImportanceMethod;
/** Looks up a method of the map. Its type accepts any settings. */
export const methodOf = registry.methodOf as (name: MethodName) => DrawsMethod;

export const methodUnion = registry.methodUnion as unknown as z.ZodMiniType<MethodSpec>;
