/**
 * Runs the original export as a whole on the CPU provider, as the reference for the cut pipeline.
 */
import type { InferenceSession } from 'onnxruntime-web';
import { defined } from '../../checked.ts';
import type { TensorType } from '../../compiler/compiled.ts';
import { AtlasError } from '../../errors.ts';
import { halfToFloat32 } from '../../onnx/float16.ts';
import type { TokenBatch } from '../engine.ts';
import { cpuTensor, queued, runtimeError, type Ort, type OrtTensor } from '../backends/ort.ts';

export interface OriginalModel {
  /** The graph's bytes. */
  graph: Uint8Array;
  /** Files with external weights, by the location that the graph names. */
  external: ReadonlyMap<string, Uint8Array>;
  /**
   * Size of an attention head, if known from the graph. Some exports leave it open in the shape of
   * their cache.
   */
  headDim: number | null;
}

/**
 * Logits `[sequences, length, vocab]` of the export with an empty cache. `given` are additional
 * inputs. Rejects with AtlasError `runtime` if the CPU provider cannot run the export (some exports
 * are for WebGPU only).
 */
export function originalLogits(
  ort: Ort,
  model: OriginalModel,
  batch: TokenBatch,
  given: Readonly<Record<string, OrtTensor>> = {},
): Promise<Float32Array> {
  return queued(ort, async () => {
    const what = 'the original export';
    const externalData = [...model.external].map(([path, data]) => ({ path, data }));
    const session = await ort.InferenceSession.create(model.graph, {
      executionProviders: ['wasm'],
      externalData,
    }).catch((cause: unknown) => {
      throw runtimeError(what, cause);
    });
    try {
      const logits = defined(
        (
          await session.run(
            originalInputs({ ort, session, batch, headDim: model.headDim, given }),
            ['logits'],
          )
        )['logits'],
      );
      return logits.type === 'float16'
        ? halfToFloat32(
            new Uint8Array(
              (logits.data as Uint16Array).buffer,
              (logits.data as Uint16Array).byteOffset,
              2 * logits.size,
            ),
          )
        : (logits.data as Float32Array);
    } catch (cause) {
      throw runtimeError(what, cause);
    } finally {
      await session.release();
    }
  });
}

/** All inputs of a session of an export, with an empty cache. `given` are additional inputs. */
export function originalInputs({
  ort,
  session,
  batch,
  headDim,
  given = {},
}: {
  ort: Ort;
  session: InferenceSession;
  batch: TokenBatch;
  headDim: number | null;
  given?: Readonly<Record<string, OrtTensor>>;
}): Record<string, OrtTensor> {
  const feeds: Record<string, OrtTensor> = {};
  for (const meta of session.inputMetadata) {
    if (meta.isTensor)
      feeds[meta.name] =
        given[meta.name] ??
        inputOf(
          ort,
          { name: meta.name, type: meta.type as TensorType, shape: meta.shape },
          batch,
          headDim,
        );
  }
  return feeds;
}

/** Integers as each tensor type stores them. */
const wholeNumbers: Partial<
  Record<TensorType, (values: number[]) => BigInt64Array | Int32Array | Float32Array | Uint8Array>
> = {
  int64: (values) => BigInt64Array.from(values, BigInt),
  int32: (values) => Int32Array.from(values),
  float32: (values) => Float32Array.from(values),
  bool: (values) => Uint8Array.from(values, (v) => (v === 0 ? 0 : 1)),
};

/**
 * The value of one input: ids, an all-ones mask, positions from 0, or an empty cache, whose
 * dimensions of unknown length are 0.
 */
function inputOf(
  ort: Ort,
  { name, type, shape }: { name: string; type: TensorType; shape: readonly (number | string)[] },
  { ids, sequences, length }: TokenBatch,
  headDim: number | null,
): OrtTensor {
  const integers = (value: (i: number) => number) => {
    const numbers = wholeNumbers[type];
    if (!numbers)
      throw new AtlasError('runtime', {
        what: 'the original export',
        why: `its input "${name}" is ${type}`,
      });
    return cpuTensor(
      ort,
      type,
      [sequences, length],
      new Uint8Array(numbers(Array.from({ length: ids.length }, (_, i) => value(i))).buffer),
    );
  };
  if (name === 'input_ids') return integers((i) => ids[i]!);
  if (name === 'attention_mask') return integers(() => 1);
  if (name === 'position_ids') return integers((i) => i % length);
  // All logits. A merged decoder takes the branch without a cache, as in the first step of
  // generation.
  if (/^(num_)?logits_to_keep$|^use_cache_branch$/.test(name)) {
    const dims = shape.map((d) => (typeof d === 'number' ? d : 1));
    const bytes = type === 'int64' ? 8 : type === 'bool' ? 1 : 4;
    return cpuTensor(ort, type, dims, new Uint8Array(bytes * dims.reduce((a, b) => a * b, 1)));
  }
  if (/^past/.test(name)) {
    const dims = shape.map((d) =>
      typeof d === 'number'
        ? d
        : /batch/.test(d)
          ? sequences
          : /kv_cache_dim|head/.test(d)
            ? (headDim ?? 0)
            : 0,
    );
    return cpuTensor(ort, type, dims, new Uint8Array(0));
  }
  throw new AtlasError('runtime', {
    what: 'the original export',
    why: `it has an unknown input "${name.slice(0, 80)}"`,
  });
}
