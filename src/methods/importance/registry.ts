/**
 * Every importance method by name, in display order, and its words. This is the only list of
 * methods. The engine's thread uses no words, so bundlers omit them there.
 */
import { adarank } from './adarank.ts';
import { adarankWords } from './adarank.words.ts';
import { combined } from './combined.ts';
import { combinedWords } from './combined.words.ts';
import type { DrawsMethod, DrawsShape, ImportanceMethod, SettingsOf, WordsOf } from './contract.ts';
import { eva } from './eva.ts';
import { evaWords } from './eva.words.ts';
import { fisher } from './fisher.ts';
import { fisherWords } from './fisher.words.ts';
import { gora } from './gora.ts';
import { goraWords } from './gora.words.ts';
import { gradientRank } from './gradient-rank.ts';
import { gradientRankWords } from './gradient-rank.words.ts';
import { jacobian } from './jacobian.ts';
import { jacobianWords } from './jacobian.words.ts';
import { registryOf } from './registering.ts';
import { weightSpectrum } from './weight-spectrum.ts';
import { weightSpectrumWords } from './weight-spectrum.words.ts';

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

export const importanceWords: { [K in ImportanceName]: WordsOf<Registered[K]> } = {
  adarank: adarankWords,
  jacobian: jacobianWords,
  combined: combinedWords,
  eva: evaWords,
  fisher: fisherWords,
  gora: goraWords,
  'gradient-rank': gradientRankWords,
  spectrum: weightSpectrumWords,
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
