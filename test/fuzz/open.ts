/**
 * The second stage of fuzzing: runs accepted inputs. A model is compared as in `rank-atlas check`.
 * The loss with an adapter is compared with that of the model with `W + s·B·A` instead of `W`.
 */
import * as ortNamespace from 'onnxruntime-web';
import { elementAt } from '../../src/checked.ts';
import { compile } from '../../src/compiler/index.ts';
import { adapterPlaces } from '../../src/compiler/modules.ts';
import type { OpenedExport } from '../../src/compiler/open.ts';
import { createEngine } from '../../src/engine/cut-engine.ts';
import { cpuTensor, queued, type Ort, type OrtTensor } from '../../src/engine/backends/ort.ts';
import {
  embeddingRows,
  hasQuantisedLookup,
  ROWS,
  withoutQuantisedLookup,
} from '../../src/engine/check/runnable.ts';
import { comparePipeline, fewTokens } from '../../src/engine/check/self-test.ts';
import type { TokenBatch } from '../../src/engine/engine.ts';
import { difference } from '../../src/engine/backends/kernel-checks.ts';
import { nextTokenLosses } from '../../src/engine/head/next-token-loss.ts';
import {
  originalInputs,
  originalLogits,
  type OriginalModel,
} from '../../src/engine/check/original.ts';
import { CpuBackend } from '../../src/engine/backends/cpu-backend.ts';
import { AtlasError } from '../../src/errors.ts';
import type { PeftImport } from '../../src/adapters/peft.ts';
import { writeGraph } from '../../src/onnx/write.ts';
import { merged } from '../merged-decoder.ts';
import { tinyDecoderGraph } from '../tiny-decoder.ts';
import { trainingBatch } from '../training-data.ts';

/**
 * `equal`: correct. `sentence`: refused with a sentence. `alone`: the original export does not run
 * here or gives non-finite numbers, so there is no reference. `unsteady`: the export's own numbers
 * depend on summation order or on the last bits of its half floats. `wrong`: a finding.
 */
export type Outcome = 'equal' | 'sentence' | 'alone' | 'unsteady' | 'wrong';
export interface Verdict {
  outcome: Outcome;
  detail: string;
}

const ort = ortNamespace as unknown as Ort;
ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'fatal';

const MEMORY = 5e8;

type Given = Readonly<Record<string, OrtTensor>>;

export async function judgeModel({
  graph,
  compiled,
  bytes,
  external,
}: OpenedExport & {
  bytes: Uint8Array;
  external: ReadonlyMap<string, Uint8Array>;
}): Promise<Verdict> {
  const batch = fewTokens(compiled);
  const engine = createEngine({
    model: compiled,
    backend: new CpuBackend(ort),
    memoryBudgetBytes: MEMORY,
  });
  try {
    const logits = await engine.logits(batch);
    const check = await comparePipeline(
      { ort, model: compiled, export: { graph, bytes, external } },
      batch,
      logits,
    );
    if (check.ok) return { outcome: 'equal', detail: '' };
    if (Number.isNaN(check.error) && check.note) return { outcome: 'alone', detail: check.note };
    return await unequal({ graph, compiled, bytes, external }, batch, {
      logits,
      error: check.error,
      allowed: check.allowed,
    });
  } finally {
    await engine.dispose();
  }
}

/**
 * Finds the cause of a difference. If the runtime's own numbers change without its optimisations,
 * the difference proves nothing.
 */
async function unequal(
  { graph, compiled, bytes, external }: Parameters<typeof judgeModel>[0],
  batch: TokenBatch,
  { logits, error, allowed }: { logits: Float32Array; error: number; allowed: number },
): Promise<Verdict> {
  const { headDim } = compiled;
  const lookup = hasQuantisedLookup(graph);
  const model: OriginalModel = lookup
    ? withoutQuantisedLookup(graph, headDim)
    : { graph: bytes, external, headDim };
  const given: Given = lookup ? { [ROWS]: rowsOf(compiled, batch) } : {};
  const want = await originalLogits(ort, model, batch, given);
  if (!want.every(Number.isFinite))
    return { outcome: 'alone', detail: 'the original export gives numbers that are not finite' };
  const plain = await unoptimised(model, batch, given);
  const own = plain ? difference(plain, want) : 0;
  const detail = `error ${error.toPrecision(3)}, allowed ${allowed}, of the runtime itself ${own.toPrecision(3)}, ${logits.every(Number.isFinite) ? 'finite' : 'not finite'}`;
  if (own > allowed / 20) return { outcome: 'unsteady', detail };
  const half = withLastBits(graph);
  const moved = half
    ? difference(
        await originalLogits(ort, { ...model, graph: half, external: new Map() }, batch, given),
        want,
      )
    : 0;
  // NaN also counts as changed.
  if (!(moved <= allowed))
    return {
      outcome: 'unsteady',
      detail: `${detail}; the last bits of its tables move it by ${moved.toPrecision(3)}`,
    };
  if (half && [want, logits].every((numbers) => numbers.every((v) => Math.abs(v) < SMALLEST_HALF)))
    return { outcome: 'unsteady', detail: `${detail}; half floats do not hold numbers as small` };
  const bare = await originalLogits(
    ort,
    { ...model, graph: unguarded(graph), external: new Map() },
    batch,
    given,
  );
  return {
    outcome:
      bare.every(Number.isFinite) && !(await fusedNaN(model, graph, batch, given))
        ? 'wrong'
        : 'unsteady',
    detail,
  };
}

/** The smallest normal half float. */
const SMALLEST_HALF = 2 ** -14;

/**
 * The export without its NaN guard after softmax, which the compiled pipeline omits: nothing is
 * less than itself. The export may then give non-finite numbers, for example from an angle beyond
 * half-float range, which the pipeline computes in float32. That difference is the export's, and
 * `check` reports it.
 */
const unguarded = (graph: OpenedExport['graph']): Uint8Array =>
  writeGraph({
    ...graph,
    nodes: graph.nodes.map((n) =>
      n.op === 'IsNaN'
        ? { ...n, op: 'Less', inputs: [elementAt(n.inputs, 0), elementAt(n.inputs, 0)] }
        : n,
    ),
  });

/**
 * Minimum number of elements of a half-float table. A single number may be an exponent or a bound,
 * where changing the last bit is not a rounding error.
 */
const TABLE = 8;

/**
 * Whether a fused attention of the export receives NaN. Its CPU kernel turns NaN into finite
 * numbers.
 */
async function fusedNaN(
  model: OriginalModel,
  graph: OpenedExport['graph'],
  batch: TokenBatch,
  given: Given,
): Promise<boolean> {
  const heard = graph.nodes
    .filter((n) => /Attention$/.test(n.op))
    .flatMap((n) => n.inputs)
    .filter((name): name is string => !!name && !graph.initialisers.has(name));
  if (heard.length === 0) return false;
  const node = (op: string, inputs: string[], output: string, [name, value]: [string, number]) => ({
    name: `${op} to ${output}`,
    op,
    domain: '',
    inputs,
    outputs: [output],
    attributes: new Map([[name, { type: 'int', value } as const]]),
  });
  const nodes = [
    ...graph.nodes.map((n) => ({
      ...n,
      outputs: n.outputs.map((o) => (o === 'logits' ? 'logits of the export' : o)),
    })),
    ...heard.map((name, i) => node('Cast', [name], `float.${i}`, ['to', FLOAT])),
    // Flattened to one row each, because their shapes differ.
    ...heard.map((_, i) => node('Flatten', [`float.${i}`], `flat.${i}`, ['axis', 0])),
    node(
      'Concat',
      heard.map((_, i) => `flat.${i}`),
      'logits',
      ['axis', 1],
    ),
  ];
  const outputs = [{ name: 'logits', type: 'float32' as const, dims: ['one', 'all'] }];
  const values = await originalLogits(
    ort,
    { ...model, graph: writeGraph({ ...graph, nodes, outputs }), external: new Map() },
    batch,
    given,
  );
  return values.some(Number.isNaN);
}

/** ONNX's code for float32. */
const FLOAT = 1;

/**
 * A half-float export with the last bit of every table element flipped, a change within its
 * rounding error. Null for other exports.
 */
function withLastBits(graph: OpenedExport['graph']): Uint8Array | null {
  const halves = [...graph.initialisers.values()].filter(
    ({ type, bytes }) => type === 'float16' && bytes.length >= 2 * TABLE,
  );
  if (halves.length === 0) return null;
  // An infinity must stay unchanged: with its last bit flipped it would be NaN.
  const finite = (bytes: Uint8Array, i: number) => (bytes[i + 1]! & 0x7c) !== 0x7c;
  const changed = halves.map(
    (t) =>
      [
        t.name,
        {
          ...t,
          bytes: t.bytes.map((b, i, bytes) => (i % 2 === 0 && finite(bytes, i) ? b ^ 1 : b)),
        },
      ] as const,
  );
  return writeGraph({ ...graph, initialisers: new Map([...graph.initialisers, ...changed]) });
}

function rowsOf(compiled: OpenedExport['compiled'], batch: TokenBatch) {
  const { data, width } = embeddingRows(compiled, batch);
  return cpuTensor(
    ort,
    'float32',
    [batch.sequences, batch.length, width],
    new Uint8Array(data.buffer),
  );
}

/** Null if the runtime cannot run the graph without optimisations. */
const unoptimised = (
  { graph, external, headDim }: OriginalModel,
  batch: TokenBatch,
  given: Given,
) =>
  queued(ort, async (): Promise<Float32Array | null> => {
    const externalData = [...external].map(([path, data]) => ({ path, data }));
    const session = await ort.InferenceSession.create(graph, {
      executionProviders: ['wasm'],
      externalData,
      graphOptimizationLevel: 'disabled',
    }).catch(() => null);
    try {
      const found = await session?.run(originalInputs({ ort, session, batch, headDim, given }), [
        'logits',
      ]);
      return found?.logits?.type === 'float32' ? (found.logits.data as Float32Array).slice() : null;
    } catch {
      return null;
    } finally {
      await session?.release();
    }
  });

const tinyModel = compile(tinyDecoderGraph());
const places = adapterPlaces(tinyModel);
const tokens = trainingBatch(2, 6);
const engine = createEngine({
  model: tinyModel,
  backend: new CpuBackend(ort),
  memoryBudgetBytes: MEMORY,
});

export async function judgeAdapter({ adapters: values, scale }: PeftImport): Promise<Verdict> {
  const adapters = await engine.adapters(values);
  try {
    const got = await engine.logits(tokens, { adapters, scale });
    const through = await engine.evaluate(tokens, { adapters, scale });
    const want = await originalLogits(
      ort,
      {
        graph: writeGraph(merged(values, places, scale)),
        external: new Map(),
        headDim: tinyModel.headDim,
      },
      tokens,
    );
    if (!want.every(Number.isFinite))
      return { outcome: 'alone', detail: 'the merged model gives numbers that are not finite' };
    const adapted = through.sum / through.tokens;
    const dense = await lossOf(want);
    const largest = want.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
    const ok = difference(got, want) <= 1e-3 && Math.abs(adapted - dense) <= 1e-3 * (1 + largest);
    // If values this large overflow in one computation only, the difference proves nothing.
    const extreme = values.some(
      (v) =>
        Math.abs(scale(v.module)) > 1e6 ||
        [v.loraA, v.loraB].some((w) => w.some((x) => Math.abs(x) > 1e8)),
    );
    return {
      outcome: ok ? 'equal' : extreme ? 'unsteady' : 'wrong',
      detail: ok
        ? ''
        : `loss ${adapted}, merged ${dense}, logits differ by ${difference(got, want)}`,
    };
  } finally {
    adapters.dispose();
  }
}

async function lossOf(logits: Float32Array): Promise<number> {
  const losses = await nextTokenLosses(async (visit) => visit(0, tinyModel.vocab, logits), tokens);
  return losses.reduce((a, b) => a + b, 0) / losses.length;
}

/** Whether the runtime is unusable after this error. */
export const breaksRuntime = (error: unknown): boolean =>
  error instanceof WebAssembly.RuntimeError ||
  (error instanceof AtlasError && error.cause instanceof WebAssembly.RuntimeError) ||
  (error instanceof Error &&
    /abort|unreachable|out of bounds|memory/i.test(`${error.message} ${String(error.cause)}`));
