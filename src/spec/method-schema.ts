/** The schema of a method of the map with its settings, built from the settings of each method. */
import * as z from 'zod/mini';
import { METHODS, methodOf } from '../methods/importance/registry.ts';
import { METHOD_LIMITS, SIGMA, type MethodSetting } from '../methods/importance/settings.ts';
import { within } from './parse.ts';
import type { MethodSpec } from './spec.ts';

const noise = z.discriminatedUnion('scale', [
  z.strictObject({ scale: z.literal('std') }),
  z.strictObject({
    scale: z.literal('fixed'),
    sigma: z._default(within(z.number(), METHOD_LIMITS.sigma), SIGMA),
  }),
]);

function schemaOf(setting: MethodSetting): z.ZodMiniType {
  switch (setting.kind) {
    case 'whole':
      return z._default(within(z.int(), [setting.min, setting.max]), setting.normal);
    case 'choice':
      return z._default(z.literal(setting.options), setting.normal);
    case 'noise':
      return z._default(noise, setting.normal);
  }
}

const schemas = METHODS.map((name) =>
  z.strictObject({
    name: z.literal(name),
    ...Object.fromEntries(
      Object.entries(methodOf(name).settings).map(([key, setting]) => [key, schemaOf(setting)]),
    ),
  }),
);

/** A method by its `name`. Its type is that of the registry, from which the schemas are built. */
export const methodUnion = z.discriminatedUnion(
  'name',
  schemas as [(typeof schemas)[number]],
) as unknown as z.ZodMiniType<MethodSpec>;

/** Links of the first version name no method, because there was only one. */
export const methodSchema = z.pipe(
  z.transform((value: unknown) =>
    typeof value === 'object' && value !== null && !Object.hasOwn(value, 'name')
      ? { name: 'adarank', ...value }
      : value,
  ),
  methodUnion,
);
