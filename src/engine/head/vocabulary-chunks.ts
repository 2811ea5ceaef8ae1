/**
 * The rows of the vocabulary projection in chunks, uploaded once, so that the logits of all rows
 * never exist at once.
 */
import { defined, elementAt } from '../../checked.ts';
import type { TensorType, VocabularyHead, WeightTensor } from '../../compiler/compiled.ts';
import { staysPacked } from '../../compiler/modules.ts';
import { uniform } from '../../device/random.ts';
import { keysOf } from '../../device/streams.ts';
import { dequantise, headWeight } from '../../model/weights.ts';
import { float32View, halfToFloat32 } from '../../onnx/float16.ts';
import type { Backend, DeviceTensor } from '../backends/backend.ts';
import type { VocabularySample } from '../engine.ts';
import type { ChunkFormat } from './vocabulary-product.ts';
import { rowFormat, type RowFormat } from './vocabulary-rows.ts';

/** Maximum tokens per chunk, and maximum bytes of its float weights. */
const CHUNK_TOKENS = 8192;
const CHUNK_BYTES = 64 << 20;

/**
 * Tokens `[first, first + width)` of the vocabulary or of its sample. Weights are in the order of
 * `chunkInputs`.
 */
export interface Chunk {
  first: number;
  width: number;
  weights: DeviceTensor[];
}

/**
 * Sorted tokens of a sample: the first `size` of a seeded Fisher–Yates shuffle, computed as far as
 * needed.
 */
export function sampleTokens(vocab: number, { size, seed }: VocabularySample): Uint32Array {
  const keys = keysOf(seed, 'vocabularySample');
  const moved = new Map<number, number>();
  const tokens = new Uint32Array(size);
  for (let i = 0; i < size; i++) {
    const j = i + Math.floor(uniform(keys, i) * (vocab - i));
    tokens[i] = moved.get(j) ?? j;
    moved.set(j, moved.get(i) ?? i);
  }
  return tokens.sort();
}

export class VocabularyChunks {
  readonly head: VocabularyHead;
  readonly format: ChunkFormat;
  /** How graphs read the tensors of `rows`. */
  readonly rowFormat: RowFormat;
  /** float32 [vocab], or null if the head has no bias. */
  readonly bias: Float32Array | null;
  private readonly backend: Backend;
  private readonly chunkWidth: number;
  private whole: Chunk[] | null = null;
  private sampled: { key: string; chunks: Chunk[] } | null = null;
  private readonly floats = new Map<Chunk, DeviceTensor>();
  private readonly views = new Map<Chunk, ReadonlyMap<string, DeviceTensor>>();

  /** `chunkTokens` is the maximum number of tokens per chunk. */
  constructor(backend: Backend, head: VocabularyHead, chunkTokens = CHUNK_TOKENS) {
    this.backend = backend;
    this.head = head;
    this.format = chunkFormat(head, backend);
    this.rowFormat = rowFormat(this.format, head.hidden, backend);
    this.bias = head.bias && asFloat(head.bias);
    const maxWidth = Math.min(
      chunkTokens,
      Math.max(16, Math.floor(Math.min(CHUNK_BYTES, backend.largestTensor) / (4 * head.hidden))),
    );
    this.chunkWidth = evenWidth(head.vocab, maxWidth);
  }

  all(): readonly Chunk[] {
    return (this.whole ??= this.upload(this.head.vocab, this.chunkWidth, (first, width) => ({
      first,
      width,
    })));
  }

  /** The chunks of a seeded sample. Caches those of the latest sample. */
  sample(sample: VocabularySample): readonly Chunk[] {
    const key = `${sample.size} ${sample.seed}`;
    if (this.sampled?.key !== key) {
      dispose(this.sampled?.chunks);
      const tokens = sampleTokens(this.head.vocab, sample);
      this.sampled = {
        key,
        chunks: this.upload(
          tokens.length,
          evenWidth(tokens.length, this.chunkWidth),
          (first, width) => tokens.subarray(first, first + width),
        ),
      };
    }
    return this.sampled.chunks;
  }

  /**
   * The rows of a whole chunk as float32 `[width, hidden]`, for packed formats that no graph reads
   * in place.
   */
  float(chunk: Chunk): DeviceTensor {
    if (this.format.kind === 'float32') return elementAt(chunk.weights, 0);
    let tensor = this.floats.get(chunk);
    if (!tensor)
      this.floats.set(
        chunk,
        (tensor = this.backend.upload(
          'float32',
          [chunk.width, this.head.hidden],
          widened(this.head, chunk),
        )),
      );
    return tensor;
  }

  /** A whole chunk's weights as the inputs of `rowsGraph`: views of the uploaded bytes. */
  rows(chunk: Chunk): ReadonlyMap<string, DeviceTensor> {
    const {
      rowFormat: format,
      backend,
      head: { hidden },
    } = this;
    if (format.kind === 'float32') return new Map([['w', this.float(chunk)]]);
    if (format.kind === 'float16') return new Map([['half', elementAt(chunk.weights, 0)]]);
    let views = this.views.get(chunk);
    if (!views) {
      const type: TensorType = format.bits === 4 ? 'uint4' : 'uint8';
      const blocks = hidden / format.block;
      const forms = [
        ['packed', type, hidden],
        ['scales', 'float32', blocks],
        ['zeros', type, blocks],
      ] as const;
      views = new Map(
        chunk.weights.map((w, i) => {
          const [name, as, columns] = elementAt(forms, i);
          return [name, backend.view(w, as, [chunk.width, columns])];
        }),
      );
      this.views.set(chunk, views);
    }
    return views;
  }

  dispose(): void {
    for (const views of this.views.values()) for (const view of views.values()) view.dispose();
    dispose(this.whole);
    dispose(this.sampled?.chunks);
    for (const tensor of this.floats.values()) tensor.dispose();
  }

  private upload(
    count: number,
    maxWidth: number,
    rowsOf: (first: number, width: number) => Rows,
  ): Chunk[] {
    const chunks: Chunk[] = [];
    for (let first = 0; first < count; first += maxWidth) {
      const width = Math.min(maxWidth, count - first);
      const weights = chunkTensors(this.head, this.format, rowsOf(first, width)).map((t) =>
        this.backend.upload(t.type, t.dims, t.bytes),
      );
      chunks.push({ first, width, weights });
    }
    return chunks;
  }
}

function dispose(chunks: readonly Chunk[] | null | undefined): void {
  for (const chunk of chunks ?? []) for (const w of chunk.weights) w.dispose();
}

/** A range of tokens, or a list of tokens. */
type Rows = { first: number; width: number } | Uint32Array;

/** Chunks of equal width but the last, so that at most two graphs serve all chunks. */
const evenWidth = (count: number, maxWidth: number): number =>
  Math.ceil(Math.ceil(count / Math.ceil(count / maxWidth)) / 16) * 16;

/**
 * Heads of the nbits format that the kernel reads stay packed, and half floats stay half floats if
 * the provider takes them. Every other format is widened to float32.
 */
function chunkFormat(
  { format, tensors }: VocabularyHead,
  { halves }: Pick<Backend, 'halves'>,
): ChunkFormat {
  if (halves && format.kind === 'float16' && elementAt(tensors, 0).half) return { kind: 'float16' };
  if (!staysPacked(format)) return { kind: 'float32' };
  return { kind: 'nbits', bits: format.bits, block: format.block, zeroPoints: format.zeroPoints };
}

function chunkTensors(head: VocabularyHead, format: ChunkFormat, rows: Rows): WeightTensor[] {
  const { vocab, hidden, tensors } = head;
  const width = rows instanceof Uint32Array ? rows.length : rows.width;
  if (format.kind === 'float16') {
    const half = defined(elementAt(tensors, 0).half);
    return [
      {
        name: 'w',
        type: 'float16',
        dims: [width, hidden],
        bytes: head.transposed ? columns(half, head, rows) : pick(half, 2 * hidden, rows),
      },
    ];
  }
  if (format.kind === 'float32') {
    const stored = elementAt(tensors, 0);
    const bytes =
      stored.type === 'float32' && !head.transposed
        ? pick(stored.bytes, stored.bytes.byteLength / vocab, rows)
        : widened(head, rows);
    return [{ name: 'w', type: 'float32', dims: [width, hidden], bytes }];
  }
  const blocks = Math.ceil(hidden / format.block);
  return tensors.map((stored, i) => {
    const bytes = stored.type === 'float16' ? bytesOf(halfToFloat32(stored.bytes)) : stored.bytes;
    const picked = pick(bytes, bytes.byteLength / vocab, rows);
    const dims =
      i === 0
        ? [width, blocks, (format.block * format.bits) / 8]
        : [stored.type === 'uint8' ? picked.byteLength : picked.byteLength / 4];
    return {
      name: stored.name,
      type: stored.type === 'float16' ? ('float32' as const) : stored.type,
      dims,
      bytes: picked,
    };
  });
}

/** Rows of `rowBytes` bytes: a view for a range, a copy for a list. */
function pick(bytes: Uint8Array, rowBytes: number, rows: Rows): Uint8Array {
  if (!(rows instanceof Uint32Array))
    return bytes.subarray(rows.first * rowBytes, (rows.first + rows.width) * rowBytes);
  const out = new Uint8Array(rows.length * rowBytes);
  rows.forEach((row, i) =>
    out.set(bytes.subarray(row * rowBytes, (row + 1) * rowBytes), i * rowBytes),
  );
  return out;
}

/** Columns of half floats `[hidden, vocab]` as rows. */
function columns(half: Uint8Array, { vocab, hidden }: VocabularyHead, rows: Rows): Uint8Array {
  const tokens =
    rows instanceof Uint32Array
      ? rows
      : Uint32Array.from({ length: rows.width }, (_, i) => rows.first + i);
  const out = new Uint8Array(2 * tokens.length * hidden);
  for (let column = 0; column < hidden; column++) {
    tokens.forEach((token, i) => {
      const from = 2 * (column * vocab + token);
      const to = 2 * (i * hidden + column);
      out[to] = half[from]!;
      out[to + 1] = half[from + 1]!;
    });
  }
  return out;
}

function widened(head: VocabularyHead, rows: Rows): Uint8Array {
  if (!(rows instanceof Uint32Array))
    return bytesOf(dequantise(headWeight(head, rows.first, rows.width)));
  const out = new Float32Array(rows.length * head.hidden);
  rows.forEach((row, i) => out.set(dequantise(headWeight(head, row, 1)), i * head.hidden));
  return bytesOf(out);
}

const bytesOf = (x: Float32Array): Uint8Array =>
  new Uint8Array(x.buffer, x.byteOffset, x.byteLength);
const asFloat = (t: WeightTensor): Float32Array =>
  t.type === 'float16' ? halfToFloat32(t.bytes) : float32View(t.bytes);
