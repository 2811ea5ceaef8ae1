/**
 * The vocabulary product in chunks, so that the logits of all probes never exist at once.
 *
 * The product is linear: the distance of two logit sets is Σ_v |(h₁ − h₂) · W_v|, one product for a pair of draws. Over a
 * sample of n of the V tokens the sum is scaled by V/n, which keeps it unbiased.
 */
import type { ModuleWeight, VocabularyHead, WeightTensor } from '../compiler/compiled.ts';
import { streamKeys, uniform } from '../device/random.ts';
import { float32View, halfToFloat32 } from '../onnx/float16.ts';
import { dequantise } from '../model/weights.ts';
import type { Backend, DeviceTensor, Session } from './backend.ts';
import type { VocabularySample } from './engine.ts';
import type { Visit } from './head.ts';
import { chunkInputs, vocabularyProduct, type ChunkFormat } from './graphs.ts';

/** Tokens of a chunk, at most; and bytes of its float weights, at most. */
const CHUNK_TOKENS = 8192, CHUNK_BYTES = 64 << 20;

/** Weights in the order of `chunkInputs`. */
interface Chunk { first: number; width: number; weights: DeviceTensor[] }

/** Sorted tokens of a sample: the first `size` of a seeded shuffle (Fisher–Yates, only the part that is needed). */
export function sampleTokens(vocab: number, { size, seed }: VocabularySample): Uint32Array {
  const keys = streamKeys(seed, 0xffffffff, 0), moved = new Map<number, number>();
  const tokens = new Uint32Array(size);
  for (let i = 0; i < size; i++) {
    const j = i + Math.floor(uniform(keys, i) * (vocab - i));
    tokens[i] = moved.get(j) ?? j;
    moved.set(j, moved.get(i) ?? i);
  }
  return tokens.sort();
}

export class Vocabulary {
  private readonly backend: Backend;
  private readonly head: VocabularyHead;
  private readonly format: ChunkFormat;
  private readonly chunkWidth: number;
  private whole: Chunk[] | null = null;
  private sampled: { key: string; chunks: Chunk[] } | null = null;
  private readonly sessions = new Map<string, Promise<Session>>();
  private readonly bias: Float32Array | null;

  /** `chunkTokens`: at most so many tokens a chunk. */
  constructor(backend: Backend, head: VocabularyHead, chunkTokens = CHUNK_TOKENS) {
    this.backend = backend;
    this.head = head;
    this.format = chunkFormat(head);
    this.bias = head.bias && asFloat(head.bias);
    const most = Math.min(chunkTokens, Math.max(16, Math.floor(Math.min(CHUNK_BYTES, backend.largestTensor) / (4 * head.hidden))));
    this.chunkWidth = evenWidth(head.vocab, most);
  }

  /** Logits of `rows` of `h` [rows, hidden], chunk by chunk: `visit(first token, width, [rows, width])`. */
  async logits(h: Float32Array, visit: Visit): Promise<void> {
    const { backend, head } = this, rows = h.length / head.hidden;
    const input = backend.upload('float32', [rows, head.hidden], new Uint8Array(h.buffer, h.byteOffset, h.byteLength));
    try {
      for (const chunk of this.all()) {
        const out = await this.product(input, chunk, false), logits = await backend.read(out);
        out.dispose();
        if (this.bias) for (let r = 0; r < rows; r++) for (let v = 0; v < chunk.width; v++) logits[r * chunk.width + v]! += this.bias[chunk.first + v]!;
        visit(chunk.first, chunk.width, logits);
      }
    } finally {
      input.dispose();
    }
  }

  /** Per probe: Σ over its rows of `difference` [rows, hidden] and over the vocabulary of |difference · W_v|. */
  async distance(difference: DeviceTensor, probes: number, sample?: VocabularySample): Promise<Float64Array> {
    const { backend, head } = this, partly = sample !== undefined && sample.size > 0 && sample.size < head.vocab;
    const chunks = partly ? this.sample(sample) : this.all();
    const sums = backend.zeros([difference.dims[0]!]);
    try {
      for (const [i, chunk] of chunks.entries()) {
        const out = await this.product(difference, chunk, backend.fusedHead);
        await backend.rowSums(out, null, sums, i === 0);
        out.dispose();
      }
      const values = await backend.probeSums(sums, probes);
      return partly ? values.map((v) => v * (head.vocab / sample.size)) : values;
    } finally {
      sums.dispose();
    }
  }

  async dispose(): Promise<void> {
    for (const session of this.sessions.values()) await (await session).dispose();
    for (const chunk of [...this.whole ?? [], ...this.sampled?.chunks ?? []]) for (const w of chunk.weights) w.dispose();
  }

  private async product(h: DeviceTensor, chunk: Chunk, reduce: boolean): Promise<DeviceTensor> {
    const key = `${chunk.width} ${reduce}`;
    let session = this.sessions.get(key);
    if (!session) {
      session = this.backend.session(vocabularyProduct(this.format, this.head.hidden, chunk.width, reduce), 'the vocabulary product');
      this.sessions.set(key, session);
    }
    const feeds = new Map([['h', h]]);
    chunk.weights.forEach((w, i) => feeds.set(chunkInputs[i]!, w));
    return (await (await session).run(feeds)).get('y')!;
  }

  private all(): Chunk[] {
    return this.whole ??= this.upload(this.head.vocab, this.chunkWidth, (first, width) => ({ first, width }));
  }

  private sample(sample: VocabularySample): Chunk[] {
    const key = `${sample.size} ${sample.seed}`;
    if (this.sampled?.key !== key) {
      for (const chunk of this.sampled?.chunks ?? []) for (const w of chunk.weights) w.dispose();
      const tokens = sampleTokens(this.head.vocab, sample);
      this.sampled = { key, chunks: this.upload(tokens.length, evenWidth(tokens.length, this.chunkWidth), (first, width) => tokens.subarray(first, first + width)) };
    }
    return this.sampled.chunks;
  }

  private upload(count: number, most: number, rowsOf: (first: number, width: number) => Rows): Chunk[] {
    const chunks: Chunk[] = [];
    for (let first = 0; first < count; first += most) {
      const width = Math.min(most, count - first);
      const weights = chunkTensors(this.head, this.format, rowsOf(first, width)).map((t) => this.backend.upload(t.type, t.dims, t.bytes));
      chunks.push({ first, width, weights });
    }
    return chunks;
  }
}

/** A stretch of tokens, or a list of them. */
type Rows = { first: number; width: number } | Uint32Array;

/** Chunks of equal width but the last, so that two graphs at most serve them all. */
const evenWidth = (count: number, most: number): number => Math.ceil(Math.ceil(count / Math.ceil(count / most)) / 16) * 16;

/** nbits heads stay packed; every other format is widened to float32. */
function chunkFormat({ format, tensors }: VocabularyHead): ChunkFormat {
  if (format.kind !== 'nbits') return { kind: 'float32' };
  const zeroPoints = !format.zeroPoints ? 'none' : tensors[2]?.type === 'uint8' ? 'uint8' : 'float32';
  return { kind: 'nbits', bits: format.bits, block: format.block, zeroPoints };
}

function chunkTensors(head: VocabularyHead, format: ChunkFormat, rows: Rows): WeightTensor[] {
  const { vocab, hidden, tensors } = head, width = rows instanceof Uint32Array ? rows.length : rows.width;
  if (format.kind === 'float32') {
    const stored = tensors[0]!;
    const bytes = stored.type === 'float32' && !head.transposed ? pick(stored.bytes, stored.bytes.byteLength / vocab, rows) : widened(head, rows);
    return [{ name: 'w', type: 'float32', dims: [width, hidden], bytes }];
  }
  const blocks = Math.ceil(hidden / format.block);
  return tensors.map((stored, i) => {
    const bytes = stored.type === 'float16' ? bytesOf(halfToFloat32(stored.bytes)) : stored.bytes;
    const picked = pick(bytes, bytes.byteLength / vocab, rows);
    const dims = i === 0 ? [width, blocks, (format.block * format.bits) / 8]
      : [stored.type === 'uint8' ? picked.byteLength : picked.byteLength / 4];
    return { name: stored.name, type: stored.type === 'float16' ? 'float32' as const : stored.type, dims, bytes: picked };
  });
}

/** Rows of `rowBytes` bytes: a view of a stretch, a copy of a list. */
function pick(bytes: Uint8Array, rowBytes: number, rows: Rows): Uint8Array {
  if (!(rows instanceof Uint32Array)) return bytes.subarray(rows.first * rowBytes, (rows.first + rows.width) * rowBytes);
  const out = new Uint8Array(rows.length * rowBytes);
  rows.forEach((row, i) => out.set(bytes.subarray(row * rowBytes, (row + 1) * rowBytes), i * rowBytes));
  return out;
}

function widened(head: VocabularyHead, rows: Rows): Uint8Array {
  const weight = (rowOffset: number, outFeatures: number): ModuleWeight => ({
    format: head.format, tensors: head.tensors, transposed: head.transposed, rows: head.vocab, rowOffset, outFeatures,
    inFeatures: head.hidden, bias: null,
  });
  if (!(rows instanceof Uint32Array)) return bytesOf(dequantise(weight(rows.first, rows.width)));
  const out = new Float32Array(rows.length * head.hidden);
  rows.forEach((row, i) => out.set(dequantise(weight(row, 1)), i * head.hidden));
  return bytesOf(out);
}

const bytesOf = (x: Float32Array): Uint8Array => new Uint8Array(x.buffer, x.byteOffset, x.byteLength);
const asFloat = (t: WeightTensor): Float32Array => (t.type === 'float16' ? halfToFloat32(t.bytes) : float32View(t.bytes));
