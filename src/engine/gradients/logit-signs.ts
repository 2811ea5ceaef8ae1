/**
 * The gradient, at the head's input, of the sum of all logits of a batch with random signs: the
 * start of the Jacobian probe's backward passes. [methods.md §6] Signs are drawn in chunks of the
 * vocabulary, so they are never in memory as a whole.
 */
import { defined, elementAt } from '../../checked.ts';
import { fillSigns } from '../../device/random.ts';
import { keysOf } from '../../device/streams.ts';
import type { Backend, DeviceTensor, Session } from '../backends/backend.ts';
import type { SignDraw, TokenBatch } from '../engine.ts';
import { model, node, value } from '../backends/graphs.ts';
import { rowParts } from '../memory.ts';
import type { VocabularyChunks } from '../head/vocabulary-chunks.ts';
import { rowsGraph, type RowFormat } from '../head/vocabulary-rows.ts';

/** `u` [rows, width], the chunk's rows of W and `before` [rows, hidden] → `dh` = before + u W. */
function signGraph(format: RowFormat, hidden: number, width: number): Uint8Array {
  const { inputs, nodes, initialisers } = rowsGraph(format, hidden, width);
  inputs.push(value('u', 'float32', ['rows', width]), value('before', 'float32', ['rows', hidden]));
  nodes.push(
    node({ op: 'MatMul', inputs: ['u', 'w'], output: 'share' }),
    node({ op: 'Add', inputs: ['before', 'share'], output: 'dh' }),
  );
  return model(nodes, inputs, [value('dh', 'float32', ['rows', hidden])], {
    initialisers,
    opset: 21,
  });
}

export class LogitSigns {
  private readonly backend: Backend;
  private readonly chunks: VocabularyChunks;
  private readonly sessions = new Map<number, Promise<Session>>();

  constructor(backend: Backend, chunks: VocabularyChunks) {
    this.backend = backend;
    this.chunks = chunks;
  }

  /**
   * dh = u W, [draws · sequences, length, hidden], entry by entry. The sign of a logit is number
   * `row · vocab + token` of stream `logitSigns`, where `row` is its row of the token batch. So it
   * depends neither on chunks nor on other draws.
   */
  async gradient(
    { sequences, length }: TokenBatch,
    draws: readonly SignDraw[],
  ): Promise<DeviceTensor> {
    const {
      backend,
      chunks: {
        head: { vocab, hidden },
      },
    } = this;
    const size = sequences * length;
    const taken = draws.flatMap(({ seed, draw, position }, entry) => {
      const keys = keysOf(seed, 'logitSigns', draw);
      const rows = Array.from({ length: size }, (_, row) => ({
        keys,
        row,
        at: entry * size + row,
      }));
      return position === undefined ? rows : rows.filter(({ row }) => row % length === position);
    });
    const shaped = [draws.length * sequences, length, hidden];
    const all = new Float32Array(draws.length * size * hidden);
    // The signs of all rows and one chunk may exceed the largest tensor.
    for (const [from, count] of rowParts(
      taken.length,
      elementAt(this.chunks.all(), 0).width,
      backend.largestTensor,
    )) {
      const some = taken.slice(from, from + count);
      let dh = backend.zeros([count, hidden]);
      for (const chunk of this.chunks.all()) {
        const { first, width } = chunk;
        const signs = new Float32Array(count * width);
        some.forEach(({ keys, row }, i) =>
          fillSigns(keys, signs.subarray(i * width, (i + 1) * width), row * vocab + first),
        );
        const u = backend.upload('float32', [count, width], new Uint8Array(signs.buffer));
        const out = await (
          await this.session(width)
        ).run(new Map([['u', u], ['before', dh], ...this.chunks.rows(chunk)]));
        for (const used of [u, dh]) used.dispose();
        dh = defined(out.get('dh'));
      }
      const rows = await backend.read(dh);
      dh.dispose();
      some.forEach(({ at }, i) =>
        all.set(rows.subarray(i * hidden, (i + 1) * hidden), at * hidden),
      );
    }
    return backend.upload('float32', shaped, new Uint8Array(all.buffer));
  }

  async dispose(): Promise<void> {
    for (const session of this.sessions.values()) await (await session).dispose();
  }

  private session(width: number): Promise<Session> {
    let session = this.sessions.get(width);
    if (!session) {
      const {
        rowFormat,
        head: { hidden },
      } = this.chunks;
      session = this.backend.session(
        signGraph(rowFormat, hidden, width),
        'the gradient of the logits',
      );
      this.sessions.set(width, session);
    }
    return session;
  }
}
