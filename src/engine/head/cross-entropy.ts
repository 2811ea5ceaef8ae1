/**
 * Next-token cross entropy and its gradient at the head's input, in one pass over chunks of the
 * vocabulary, so that the logits of all rows never exist at once. Padding is not computed.
 */
import { defined, elementAt } from '../../checked.ts';
import type { TensorType } from '../../compiler/compiled.ts';
import { elements, type Backend, type DeviceTensor, type Session } from '../backends/backend.ts';
import type { HeadFeeds } from './head-adapter.ts';
import { lossGradientGraph, lossGraph } from './loss-graphs.ts';
import { rowParts } from '../memory.ts';
import type { Chunk, VocabularyChunks } from './vocabulary-chunks.ts';

/** The label of a row: a token, or negative for no prediction (such as PyTorch's −100). */
export type Labels = Int32Array;

/** The result of the forward pass, on the device. */
export interface CrossEntropyPass {
  readonly labels: Labels;
  /** Largest logit, sum of exponentials relative to it, and the label's logit: [rows, 1] each. */
  readonly m: DeviceTensor;
  readonly s: DeviceTensor;
  readonly t: DeviceTensor;
}

const GRAPHS = { loss: lossGraph, gradient: lossGradientGraph };
type Kind = keyof typeof GRAPHS;

export class CrossEntropy {
  private readonly backend: Backend;
  private readonly chunks: VocabularyChunks;
  private readonly sessions = new Map<string, Promise<Session>>();
  private readonly biases = new Map<Chunk, DeviceTensor>();

  constructor(backend: Backend, chunks: VocabularyChunks) {
    this.backend = backend;
    this.chunks = chunks;
  }

  /**
   * `h` [rows, hidden] is the input of the vocabulary projection, whose adapter applies if given.
   */
  async forward(h: DeviceTensor, labels: Labels, adapter?: HeadFeeds): Promise<CrossEntropyPass> {
    const made = await this.inParts(labels.length, { h }, (own, from, to) =>
      this.forwardRows(own.h, labels.subarray(from, to), adapter),
    );
    return { labels, ...made };
  }

  /**
   * `forward` together with the gradient of `Σ_r weight_r · nll_r` at `h`, [rows, hidden]. Rows
   * without a label contribute nothing.
   */
  async forwardAndGradient(
    h: DeviceTensor,
    labels: Labels,
    weights: Float32Array,
  ): Promise<{ pass: CrossEntropyPass; dh: DeviceTensor }> {
    const { dh, ...pass } = await this.inParts(labels.length, { h }, async (own, from, to) => {
      const { backend } = this;
      const some = labels.subarray(from, to);
      const weight = this.weightOf(some, weights.subarray(from, to));
      let state = {
        ...this.start(some.length),
        g: backend.zeros(own.h.dims),
        r: backend.zeros(own.h.dims),
      };
      let dh: DeviceTensor | null = null;
      for (const chunk of this.chunks.all()) {
        const place = this.placeOf(some, chunk);
        const out = await this.run({
          chunk,
          kind: 'gradient',
          h: own.h,
          labels: some,
          state: { ...state, ...place, weight },
        });
        for (const used of Object.values(place)) used.dispose();
        for (const used of Object.values(state)) used.dispose();
        state = after(out, ['m', 's', 't', 'g', 'r']);
        dh?.dispose();
        dh = defined(out.get('dh'));
      }
      for (const used of [weight, state.g, state.r]) used.dispose();
      const { m, s, t } = state;
      return { m, s, t, dh: defined(dh) };
    });
    return { pass: { labels, ...pass }, dh };
  }

  /**
   * Negative log-likelihood of every row in nats, 0 for rows without a label. Reads back three
   * numbers per row.
   */
  async losses({ labels, m, s, t }: CrossEntropyPass): Promise<Float64Array> {
    const { backend } = this;
    const top = await backend.read(m);
    const sum = await backend.read(s);
    const right = await backend.read(t);
    return Float64Array.from(labels, (label, r) =>
      label < 0 ? 0 : top[r]! - right[r]! + Math.log(sum[r]!),
    );
  }

  release({ m, s, t }: CrossEntropyPass): void {
    for (const used of [m, s, t]) used.dispose();
  }

  async dispose(): Promise<void> {
    for (const session of this.sessions.values()) await (await session).dispose();
    for (const tensor of this.biases.values()) tensor.dispose();
  }

  /** Largest logit, sum of exponentials and the label's logit of every row, from chunk to chunk. */
  private async forwardRows(
    h: DeviceTensor,
    labels: Labels,
    adapter?: HeadFeeds,
  ): Promise<Pick<CrossEntropyPass, 'm' | 's' | 't'>> {
    let state = this.start(labels.length);
    for (const chunk of this.chunks.all()) {
      const out = await this.run({ chunk, kind: 'loss', h, labels, state, adapter });
      for (const used of Object.values(state)) used.dispose();
      state = after(out, ['m', 's', 't']);
    }
    return state;
  }

  /** The state of the rows before the first chunk. */
  private start(rows: number): Pick<CrossEntropyPass, 'm' | 's' | 't'> {
    const { backend } = this;
    return {
      m: this.filled([rows, 1], -3e38),
      s: backend.zeros([rows, 1]),
      t: backend.zeros([rows, 1]),
    };
  }

  /**
   * Runs `work` on rows `from` to `to` of `given` (each [rows, …]); it returns tensors with the
   * same number of rows. If the logits of a chunk fit into a tensor, one call handles all rows.
   * Otherwise calls run part by part, and their results are joined.
   */
  private async inParts<I extends string, O extends string>(
    rows: number,
    given: Record<I, DeviceTensor>,
    work: (
      own: Record<I, DeviceTensor>,
      from: number,
      to: number,
    ) => Promise<Record<O, DeviceTensor>>,
  ): Promise<Record<O, DeviceTensor>> {
    const { backend } = this;
    const parts = rowParts(rows, elementAt(this.chunks.all(), 0).width, backend.largestTensor);
    if (parts.length === 1) return work(given, 0, rows);
    const joined: Partial<Record<O, DeviceTensor>> = {};
    for (const [first, count] of parts) {
      const own = Object.fromEntries(
        Object.entries<DeviceTensor>(given).map(([name, x]) => [
          name,
          backend.slice(x, first, count),
        ]),
      ) as Record<I, DeviceTensor>;
      const made = await work(own, first, first + count);
      for (const [name, part] of Object.entries<DeviceTensor>(made) as [O, DeviceTensor][]) {
        const width = elements(part.dims.slice(1));
        const whole = (joined[name] ??= backend.zeros([rows, ...part.dims.slice(1)]));
        backend.copy(part, whole, first * width);
        part.dispose();
      }
      for (const used of Object.values<DeviceTensor>(own)) used.dispose();
    }
    return joined as Record<O, DeviceTensor>;
  }

  private async run({
    chunk,
    kind,
    h,
    labels,
    state,
    adapter,
  }: {
    chunk: Chunk;
    kind: Kind;
    h: DeviceTensor;
    labels: Labels;
    state: Record<string, DeviceTensor>;
    adapter?: HeadFeeds;
  }): Promise<ReadonlyMap<string, DeviceTensor>> {
    const relative = this.column(
      'int32',
      labels.map((label) => (label < 0 ? -1 : label - chunk.first)),
    );
    const session = await this.session(kind, chunk.width, adapter !== undefined);
    const of = [...this.chunks.rows(chunk), ...this.biasOf(chunk), ...(adapter?.(chunk) ?? [])];
    const out = await session.run(
      new Map([['h', h], ['labels', relative], ...of, ...Object.entries(state)]),
    );
    relative.dispose();
    return out;
  }

  private session(kind: Kind, width: number, adapted: boolean): Promise<Session> {
    const key = `${kind} ${width} ${adapted}`;
    let session = this.sessions.get(key);
    if (!session) {
      const graph = GRAPHS[kind];
      const {
        rowFormat,
        head: { hidden },
      } = this.chunks;
      session = this.backend.session(
        graph({
          format: rowFormat,
          hidden,
          width,
          bias: this.chunks.bias !== null,
          adapted,
        }),
        `the ${kind} of the head`,
      );
      this.sessions.set(key, session);
    }
    return session;
  }

  private biasOf(chunk: Chunk): [string, DeviceTensor][] {
    const { bias } = this.chunks;
    const { first, width } = chunk;
    if (!bias) return [];
    let tensor = this.biases.get(chunk);
    if (!tensor)
      this.biases.set(
        chunk,
        (tensor = this.backend.upload(
          'float32',
          [1, width],
          bytesOf(bias.subarray(first, first + width)),
        )),
      );
    return [['bias', tensor]];
  }

  private filled(dims: readonly number[], value: number): DeviceTensor {
    return this.backend.upload(
      'float32',
      dims,
      bytesOf(new Float32Array(elements(dims)).fill(value)),
    );
  }

  /** Which labels are in the chunk, and where. */
  private placeOf(
    labels: Labels,
    { first, width }: Chunk,
  ): Record<'index' | 'inside', DeviceTensor> {
    const isInside = (label: number) => label >= first && label < first + width;
    const index = labels.map((label) => (isInside(label) ? label - first : 0));
    return {
      index: this.backend.upload('int32', [labels.length], bytesOf(index)),
      inside: this.column(
        'float32',
        Float32Array.from(labels, (l) => (isInside(l) ? 1 : 0)),
      ),
    };
  }

  /** Sets the weight of rows without a label to 0. */
  private weightOf(labels: Labels, weights: Float32Array): DeviceTensor {
    return this.column(
      'float32',
      weights.map((w, r) => (labels[r]! < 0 ? 0 : w)),
    );
  }

  private column(type: TensorType, values: Float32Array | Int32Array): DeviceTensor {
    return this.backend.upload(type, [values.length, 1], bytesOf(values));
  }
}

/** The state of the rows after a chunk. */
const after = <N extends string>(
  out: ReadonlyMap<string, DeviceTensor>,
  names: readonly N[],
): Record<N, DeviceTensor> =>
  Object.fromEntries(names.map((name) => [name, defined(out.get(`${name}2`))])) as Record<
    N,
    DeviceTensor
  >;

const bytesOf = (x: Float32Array | Int32Array): Uint8Array =>
  new Uint8Array(x.buffer, x.byteOffset, x.byteLength);
