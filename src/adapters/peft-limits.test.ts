/**
 * Oversized adapter settings: as many as real adapters could have are read; more are refused
 * quickly.
 */
import { expect, test } from 'vitest';
import { cpuTime } from '../../test/cpu-time.ts';
import { READ_LIMITS } from '../model/limits.ts';
import { readPeftConfig } from './peft-config.ts';

const configOf = (more: object) =>
  new TextEncoder().encode(JSON.stringify({ peft_type: 'LORA', ...more }));
const paths = Array.from(
  { length: 560 },
  (_, i) => `model.layers.${Math.floor(i / 7)}.mlp.part_${i % 7}`,
);
const patterns = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`model.layers.${i}.mlp.part_0`, 2]));
const refused = (why: string) =>
  expect.objectContaining({
    code: 'adapter-setting',
    message: expect.stringContaining(why) as string,
  }) as Error;

test.each(['rank_pattern', 'alpha_pattern'])('%s may have 2,000 patterns, and no more', (name) => {
  expect(readPeftConfig(configOf({ [name]: patterns(READ_LIMITS.patterns) }))).toBeDefined();
  expect(() => readPeftConfig(configOf({ [name]: patterns(READ_LIMITS.patterns + 1) }))).toThrow(
    refused(`${name} has 2,001 patterns, but at most 2,000 are allowed`),
  );
});

test('layers_pattern may have 2,000 names, and no more', () => {
  const named = (count: number) =>
    configOf({
      layers_to_transform: [1],
      layers_pattern: Array.from({ length: count }, (_, i) => `h${i}`),
    });
  expect(readPeftConfig(named(READ_LIMITS.patterns)).targets('model.h7.1.mlp')).toBe(true);
  expect(() => readPeftConfig(named(READ_LIMITS.patterns + 1))).toThrow(
    refused('layers_pattern has 2,001 patterns'),
  );
});

test('20,000 patterns are refused within 1 s of processor time, and 2,000 are matched within 2 s', () => {
  const many = configOf({ rank_pattern: patterns(20_000) });
  const allowed = configOf({ rank_pattern: patterns(READ_LIMITS.patterns) });
  expect(cpuTime(() => expect(() => readPeftConfig(many)).toThrow('20,000 patterns'))).toBeLessThan(
    1000,
  );
  expect(cpuTime(() => paths.map(readPeftConfig(allowed).rankOf))).toBeLessThan(2000);
});

test('600,000 numbers in layers_to_transform are matched within 0.2 s of processor time', () => {
  const config = readPeftConfig(
    configOf({ layers_to_transform: Array.from({ length: 600_000 }, (_, i) => i + 100) }),
  );
  expect(cpuTime(() => expect(paths.some(config.targets)).toBe(false))).toBeLessThan(200);
});

test('adapter_config.json may have 5 MB, and not one byte more', () => {
  const padded = (length: number) =>
    new TextEncoder().encode('{"peft_type":"LORA"}'.padEnd(length));
  expect(readPeftConfig(padded(READ_LIMITS.adapterConfig))).toBeDefined();
  expect(() => readPeftConfig(padded(READ_LIMITS.adapterConfig + 1))).toThrow(
    'adapter_config.json is larger than the limit of 5.0 MB. Check that it is the right file.',
  );
});
