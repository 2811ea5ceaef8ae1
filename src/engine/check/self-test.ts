/**
 * The self-test at load: checks that the cut pipeline equals the model, and that this provider
 * computes correctly.
 *
 * It compares the pipeline's logits with those of the original export on the CPU provider, and the
 * kernels with their CPU reference implementations. It detects a provider that computes wrong
 * results, such as fused attention on a software adapter.
 */
import { elementAt } from '../../checked.ts';
import type { CompiledModel } from '../../compiler/compiled.ts';
import { AtlasError } from '../../errors.ts';
import type { Graph } from '../../onnx/graph.ts';
import type { Backend } from '../backends/backend.ts';
import { createEngine } from '../cut-engine.ts';
import type { Check, Engine, TokenBatch } from '../engine.ts';
import { difference, kernelChecks, within } from '../backends/kernel-checks.ts';
import { cpuTensor, type Ort } from '../backends/ort.ts';
import {
  embeddingRows,
  hasQuantisedLookup,
  needsRewriting,
  rewritten,
  ROWS,
  withoutQuantisedLookup,
} from './runnable.ts';
import { originalLogits } from './original.ts';
import { CpuBackend } from '../backends/cpu-backend.ts';

export interface SelfTestReport {
  ok: boolean;
  checks: Check[];
}

export interface Tested {
  ort: Ort;
  model: CompiledModel;
  /** The original export. */
  export: { graph: Graph; bytes: Uint8Array; external: ReadonlyMap<string, Uint8Array> };
}

/**
 * Maximum bytes of an export that is compared as a whole. In addition to the file, the comparison
 * takes 2.4 to 4.8 times its size (measured in Node: 2.9 GB for an export of 1.2 GB with a 4-bit
 * head, 5.1 GB for one of 1.07 GB with a float16 head). Here that is up to about 1.5 GB.
 */
const WHOLE = 300e6;

/**
 * Maximum number of block structures compared in a large export. Mixed precision has two or three.
 * If every block differs, only these are compared.
 */
const STRUCTURES = 4;

/**
 * The layers compared in an export larger than `whole` bytes: the first of each structure. Null if
 * the whole export is compared.
 */
export function layersCompared(
  { model: { blocks }, export: { bytes, external } }: Tested,
  whole = WHOLE,
): number[] | null {
  const size = [...external.values()].reduce(
    (sum, file) => sum + file.byteLength,
    bytes.byteLength,
  );
  if (size <= whole) return null;
  return blocks
    .flatMap(({ structure }, layer) =>
      blocks.findIndex((b) => b.structure === structure) === layer ? [layer] : [],
    )
    .slice(0, STRUCTURES);
}

/**
 * Compares pipeline and kernels. `backend` is the engine's. Of a large export, only `layers` with
 * embedding and head are compared. If the original export cannot run, a GPU's pipeline is compared
 * with the same pieces on the CPU. A check that could not compare anything is noted but is no
 * failure.
 */
export async function selfTest(
  tested: Tested,
  engine: Engine,
  backend: Backend,
  layers = layersCompared(tested),
): Promise<SelfTestReport> {
  const batch = fewTokens(tested.model);
  const logits = await engine.logits(batch, undefined, layers ?? undefined);
  const checks = [await comparePipeline(tested, batch, logits, layers)];
  if (Number.isNaN(elementAt(checks, 0).error) && backend.provider.kind === 'webgpu')
    checks.push(await compareProvider(tested, batch, logits, layers));
  checks.push(...(await kernelChecks(backend)));
  return { ok: checks.every((c) => c.ok || Number.isNaN(c.error)), checks };
}

/** Two sequences of up to 12 tokens spread over the vocabulary, valid for every model. */
export function fewTokens({
  vocab,
  maxLength,
}: Pick<CompiledModel, 'vocab' | 'maxLength'>): TokenBatch {
  const length = Math.min(12, maxLength);
  return {
    ids: Int32Array.from({ length: 2 * length }, (_, i) => (7919 * (i + 1)) % vocab),
    sequences: 2,
    length,
  };
}

/**
 * Compares `logits` of the cut pipeline with those of the original export, relative to the largest
 * logit. With float32 weights and activations they agree to rounding. An export that computes in
 * float16 or rounds activations to 8 bits differs by that rounding, because the pipeline's
 * activations are float32. With `layers`, both sides run only these layers (`Engine.logits`,
 * `CompiledModel.short`).
 */
export async function comparePipeline(
  { ort, model, export: { graph, bytes, external } }: Tested,
  batch: TokenBatch,
  logits: Float32Array,
  layers: readonly number[] | null = null,
): Promise<Check> {
  const half =
    graph.outputs.some((o) => o.type === 'float16') ||
    [...graph.initialisers.values()].some((t) => t.type === 'float16');
  const int8 = model.modules.some((m) => m.format.kind === 'int8');
  const allowed = int8 ? 0.15 : half || model.roundsActivations ? 0.02 : 2e-4;
  const check = (error: number, note?: string): Check => ({
    name: 'pipeline',
    error,
    allowed,
    ok: error <= allowed,
    ...(note ? { note } : {}),
  });
  try {
    if (layers) {
      const { shortLogits } = await import('./short-original.ts');
      return check(
        difference(logits, await shortLogits(ort, model, { layers, batch })),
        partNote(layers, model.layers),
      );
    }
    if (!hasQuantisedLookup(graph)) {
      const changed = needsRewriting(graph);
      const original = changed
        ? rewritten(graph, model.headDim)
        : { graph: bytes, external, headDim: model.headDim };
      return check(
        difference(logits, await originalLogits(ort, original, batch)),
        changed
          ? 'The CPU provider does not run this export as it came: constants or 4-bit products were rewritten number for number.'
          : undefined,
      );
    }
    const { data, width } = embeddingRows(model, batch);
    const rows = cpuTensor(
      ort,
      'float32',
      [batch.sequences, batch.length, width],
      new Uint8Array(data.buffer),
    );
    const runnable = withoutQuantisedLookup(graph, model.headDim);
    return check(
      difference(logits, await originalLogits(ort, runnable, batch, { [ROWS]: rows })),
      "The CPU provider has no kernel for this export's quantised embedding, so its rows were looked up in JavaScript. The rest of the export ran unmodified.",
    );
  } catch (error) {
    if (!(error instanceof AtlasError) || !(error.code === 'runtime' || error.code === 'structure'))
      throw error;
    return {
      ...check(
        NaN,
        `The CPU provider cannot run the original export, so no comparison is possible (${String(error.values.why).slice(0, 120)}).`,
      ),
      ok: false,
    };
  }
}

function partNote(layers: readonly number[], of: number): string {
  const blocks =
    layers.length === 1 ? 'the first was' : `${layers.join(', ')} (the first of each kind) were`;
  return `The export is large: of its ${of} blocks ${blocks} compared, with the embedding and the head.`;
}

/** Compares with the same pieces on this runtime's CPU provider. */
async function compareProvider(
  { ort, model }: Tested,
  batch: TokenBatch,
  logits: Float32Array,
  layers: readonly number[] | null,
): Promise<Check> {
  const cpu = createEngine({ model, backend: new CpuBackend(ort), memoryBudgetBytes: Infinity });
  try {
    return within(
      'provider',
      difference(logits, await cpu.logits(batch, undefined, layers ?? undefined)),
      2e-4,
    );
  } finally {
    await cpu.dispose();
  }
}
