/**
 * The interface to onnxruntime-web: a queue, tensors from bytes, and sessions that recover from
 * errors.
 *
 * The namespace (`onnxruntime-web`, `/wasm` or `/webgpu`) is a parameter, because page, worker and
 * Node each load a different one.
 */
import type * as OrtNamespace from 'onnxruntime-web';
import type { TensorType } from '../../compiler/compiled.ts';
import { AtlasError } from '../../errors.ts';

export type Ort = typeof OrtNamespace;
export type OrtTensor = OrtNamespace.Tensor;
export type SessionOptions = OrtNamespace.InferenceSession.SessionOptions;
export type WebGpuOptions = OrtNamespace.InferenceSession.WebGpuExecutionProviderOption;
type InferenceSession = OrtNamespace.InferenceSession;

/**
 * Runs and session creations must never overlap on one runtime, even across sessions and engines.
 */
const tails = new WeakMap<object, Promise<unknown>>();

/** Runs `task` after all earlier tasks on this runtime. */
export function queued<T>(ort: Ort, task: () => Promise<T>): Promise<T> {
  const result = (tails.get(ort) ?? Promise.resolve()).then(task);
  tails.set(
    ort,
    result.catch(() => undefined),
  );
  return result;
}

const arrays = {
  float32: Float32Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  int8: Int8Array,
  bool: Uint8Array,
  float16: Uint16Array,
  uint4: Uint8Array,
  int4: Uint8Array,
} as const;

/** A CPU tensor over `bytes`. Aliases them if the alignment allows; otherwise copies them. */
export function cpuTensor(
  ort: Ort,
  type: TensorType,
  dims: readonly number[],
  bytes: Uint8Array,
): OrtTensor {
  const array = arrays[type];
  const width = array.BYTES_PER_ELEMENT;
  const aligned = bytes.byteOffset % width === 0 ? bytes : new Uint8Array(bytes);
  const data = new array(
    aligned.buffer as ArrayBuffer,
    aligned.byteOffset,
    aligned.byteLength / width,
  );
  // The published types omit the 4-bit types, which the runtime supports.
  return new ort.Tensor(type as 'float32', data as Float32Array, dims);
}

/** An AtlasError `runtime` with the runtime's message, cut to 200 characters. */
export function runtimeError(what: string, cause: unknown): AtlasError {
  if (cause instanceof AtlasError) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  const why = /bad_alloc|out of memory|allocation failed|failed to allocate/i.test(message)
    ? 'there is not enough memory'
    : message.replace(/\s+/g, ' ').replace(/\.+$/, '').slice(0, 200);
  return new AtlasError('runtime', { what, why }, { cause });
}

/**
 * A session of one compiled piece. After a failed run the runtime's session repeats the error, so
 * the session is created again.
 */
export class OrtSession {
  private readonly ort: Ort;
  private readonly model: Uint8Array;
  private readonly options: SessionOptions;
  private readonly what: string;
  private session: InferenceSession | null = null;

  private constructor(ort: Ort, model: Uint8Array, options: SessionOptions, what: string) {
    this.ort = ort;
    this.model = model;
    this.options = options;
    this.what = what;
  }

  /** `what` names the piece in error messages. Throws AtlasError `runtime`. */
  static async create(
    ort: Ort,
    model: Uint8Array,
    options: SessionOptions,
    what: string,
  ): Promise<OrtSession> {
    const made = new OrtSession(ort, model, options, what);
    await queued(ort, () => made.open());
    return made;
  }

  run(feeds: Record<string, OrtTensor>): Promise<Record<string, OrtTensor>> {
    return queued(this.ort, async () => {
      const session = await this.open();
      try {
        return (await session.run(feeds)) as Record<string, OrtTensor>;
      } catch (cause) {
        this.session = null;
        await session.release().catch(() => undefined);
        throw runtimeError(this.what, cause);
      }
    });
  }

  dispose(): Promise<void> {
    return queued(this.ort, async () => {
      const session = this.session;
      this.session = null;
      await session?.release().catch(() => undefined);
    });
  }

  private async open(): Promise<InferenceSession> {
    try {
      return (this.session ??= await this.ort.InferenceSession.create(this.model, this.options));
    } catch (cause) {
      throw runtimeError(this.what, cause);
    }
  }
}
