/**
 * Validates a result file, such as a recorded run. It is separate from `result.ts`, so that the
 * worker needs no schema.
 */
import * as z from 'zod/mini';
import { AtlasError } from '../errors.ts';
import { BOS_SOURCES } from '../model/bos.ts';
import { drawsAreMaps, drawsAsked } from '../studies/map/draws.ts';
import { RESULT_VERSION, type RunResult } from '../studies/map/result.ts';
import '../spec/messages.ts';
import { firstIssue } from '../spec/parse.ts';
import { specSchema } from './schema.ts';

const count = z.int().check(z.gte(0), z.lte(2 ** 31));
const amount = z.number().check(z.gte(0));
const words = z.string().check(z.maxLength(1000));
const sha = z.string().check(z.regex(/^[0-9a-f]{64}$/, 'it must be a sha-256'));

const values = z.array(amount).check(z.minLength(1), z.maxLength(1000));

/** Results of the first versions have no such field, because there was no BOS. */
const bos = z.object({
  ids: z.array(count).check(z.maxLength(100)),
  tokens: z.array(words).check(z.maxLength(100)),
  by: z.enum(BOS_SOURCES),
  passedOver: z.optional(z.literal(true)),
});

const resultSchema = z
  .object({
    format: z.literal('rank-atlas-result'),
    version: z.literal(RESULT_VERSION),
    spec: specSchema,
    model: z.object({
      id: words,
      title: words,
      hash: sha,
      dialect: words,
      layers: count,
      hidden: count,
      vocab: count,
      bytes: amount,
      bos: z.optional(bos),
    }),
    tokens: z.object({ sequences: count, length: count, hash: sha }),
    provider: z.object({
      kind: z.enum(['webgpu', 'wasm', 'native']),
      device: words,
      threads: count,
      software: z.boolean(),
    }),
    versions: z.object({ rankAtlas: words, onnxruntime: words }),
    startedAt: z.iso.datetime(),
    times: z.object({ clean: amount, measure: amount, firstSweep: amount }),
    cleanLoss: z.number(),
    modules: z
      .array(
        z.object({
          path: words,
          layer: count,
          role: words,
          group: words,
          inFeatures: count.check(z.gte(1)),
          outFeatures: count.check(z.gte(1)),
          importance: amount,
          standardError: z.nullable(amount),
          draws: values,
          measured: z.optional(values),
          rank: count,
        }),
      )
      .check(z.minLength(1), z.maxLength(100_000)),
  })
  .check(
    z.refine((r) => r.modules.every((m) => m.draws.length === r.modules[0]?.draws.length), {
      path: ['modules'],
      error: 'all modules must have the same number of draws',
    }),
    z.refine(
      (r) =>
        r.modules.every(
          (m) =>
            (m.measured === undefined) === drawsAreMaps(r.spec.method) &&
            (!m.measured || m.measured.length === drawsAsked(r.spec.method)),
        ),
      { path: ['modules'], error: 'the measurements do not match the method' },
    ),
    z.refine((r) => r.modules.every((m) => m.layer < r.model.layers), {
      path: ['modules'],
      error: 'a module is in a layer that the model does not have',
    }),
  );

/** Validates a recorded run. `file` is its name in the error message. Throws `bad-result`. */
export function parseResult(value: unknown, file = 'The file'): RunResult {
  const parsed = resultSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new AtlasError('bad-result', { file, ...firstIssue(parsed.error) });
}
