/** The agreement study's words in English. The command line prints the same sentences. */
import type { AgreeVerdict } from './state.ts';
import { numbers } from '../../language/numbers.ts';
import { raceEn } from '../race/words.en.ts';

const n = numbers('en');
const { names } = raceEn;
/** Three decimals near 1, so that a value below 1 is not shown as 1. */
const rho = (v: number) => n.fixed(v, Math.abs(v) > 0.995 && Math.abs(v) < 1 ? 3 : 2);
const capital = (words: string) => words.replace(/^./, (c) => c.toUpperCase());

export const agreeEn = {
  title: 'Do the methods agree?',
  empty: 'Nothing compared yet.',
  emptyNote: (methods: number) => `Play measures the modules with ${n.whole(methods)} methods.`,
  running: 'The finding appears at the end.',
  interrupted: 'Some methods were not run.',
  doing: (name: string, done: number, of: number) =>
    of > 1
      ? `Measuring with ${name}, ${n.whole(done)} of ${n.whole(of)}.`
      : `Measuring with ${name}.`,
  finding: ({ reference, closest, farthest }: AgreeVerdict) =>
    closest.method === farthest.method
      ? `The orders of the modules by ${names[reference]} and ${names[closest.method]} have Spearman correlation ${rho(closest.rho)}.`
      : `${capital(names[closest.method])} is closest to ${names[reference]} (${rho(closest.rho)}), ${names[farthest.method]} farthest (${rho(farthest.rho)}).`,
  sure: ({ chance }: AgreeVerdict) => `Unrelated orders exceed ±${rho(chance)} in 1 case of 20.`,
  noOrder: 'No two methods can be compared: one gives every module the same importance.',
  unit: (end: number) =>
    `Fill on the map’s scale: importance, × the mean module, 0 to ${n.whole(end)}`,
  matrix: 'Spearman correlation',
  matrixUnit: (modules: number) =>
    `of the ${n.whole(modules)} importances; 1: the same order, −1: the opposite one`,
  rho,
  columns: { module: 'module', layer: 'layer', role: 'type', method: 'method', time: 'seconds' },
  cell: (layer: number, role: string, value: number) =>
    `layer ${layer} ${role}: ${n.fixed(value, 2)} times mean`,
  pair: (a: string, b: string, value: string) => `${a} and ${b}: ${value}`,
  times:
    'Times are from this machine. The time of the map’s own method is that of its run. EVA gives ranks, not importances, so its ranks at mean rank 8 are compared.',
  methods: 'Compare',
  settings: 'Settings',
};

export type AgreeWords = typeof agreeEn;
