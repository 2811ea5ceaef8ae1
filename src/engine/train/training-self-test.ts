/**
 * The self-test of training: its kernels on this provider against their CPU reference
 * implementations, at the first use of training. `self-test.ts` tests everything else at load.
 */
import * as twins from '../../device/training-twins.ts';
import type { VocabularyHead } from '../../compiler/compiled.ts';
import type { Backend, DeviceTensor } from '../backends/backend.ts';
import { CrossEntropy } from '../head/cross-entropy.ts';
import { difference, normals, within } from '../backends/kernel-checks.ts';
import type { Check } from '../engine.ts';
import { placeOf, type TrainingOps } from '../backends/training-ops.ts';
import { VocabularyChunks } from '../head/vocabulary-chunks.ts';

/** Two sequences of 6 tokens. The module is 10 columns of 16. */
const SEQUENCES = 2;
const LENGTH = 6;
const INPUTS = 12;
const WIDTH = 16;
const COLUMN = 4;
const OUTPUTS = 10;
const RANK = 3;

const ALLOWED = 1e-5;

export async function testTraining(backend: Backend): Promise<Check[]> {
  return new Kernels(backend, await backend.training()).checks();
}

class Kernels {
  private readonly backend: Backend;
  private readonly training: TrainingOps;
  private readonly made: DeviceTensor[] = [];

  constructor(backend: Backend, training: TrainingOps) {
    this.backend = backend;
    this.training = training;
  }

  async checks(): Promise<Check[]> {
    try {
      return [
        await this.adapterGradient(),
        await this.adamW(),
        await this.crossEntropy(),
        ...(await this.statistics()),
      ];
    } finally {
      for (const tensor of this.made) tensor.dispose();
    }
  }

  private async adapterGradient(): Promise<Check> {
    const { x, dy, taps } = this.taps();
    const a = normals(RANK * INPUTS, 3);
    const b = normals(RANK * OUTPUTS, 4);
    const rows = { from: 1, to: RANK };
    const scale = 0.5;
    const want = { a: new Float32Array(a.length), b: new Float32Array(b.length) };
    const into = { a: this.state(want.a, RANK), b: this.state(want.b, RANK) };
    twins.adapterGradient({
      x,
      dy,
      place: placeOf(taps),
      adapter: { a, b },
      rows,
      scale,
      into: want,
    });
    await this.training.adapterGradients([
      { taps, adapter: { a: this.state(a, RANK), b: this.state(b, RANK) }, rows, scale, into },
    ]);
    return within(
      'adapter gradient',
      Math.max(await this.off(into.a, want.a), await this.off(into.b, want.b)),
      ALLOWED,
    );
  }

  /** Includes the norm over all gradients, which clips them. */
  private async adamW(): Promise<Check> {
    const [parameter, gradient, mean] = [5, 6, 7].map((stream) =>
      normals(RANK * INPUTS, stream),
    ) as [Float32Array, Float32Array, Float32Array];
    const square = normals(RANK * INPUTS, 8).map((v) => v * v);
    const given = [parameter, gradient, mean, square].map((v) => this.state(v, RANK)) as [
      DeviceTensor,
      DeviceTensor,
      DeviceTensor,
      DeviceTensor,
    ];
    const rows = { from: 0, to: RANK };
    const norm = this.state(new Float32Array(1), 1);
    const step: twins.AdamWStep = {
      learningRate: 0.01,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      weightDecay: 0.1,
      step: 3,
      maxNorm: 1,
    };
    const squared = twins.sumOfSquares(gradient);
    await this.training.squaredNorm([{ tensor: given[1], rows }], norm);
    await this.training.adamW(
      [{ parameter: given[0], gradient: given[1], mean: given[2], square: given[3], rows }],
      norm,
      step,
    );
    twins.adamW({ p: parameter, g: gradient, m: mean, v: square, squaredNorm: squared, step });
    const errors = [
      await this.off(norm, [squared]),
      await this.off(given[0], parameter),
      await this.off(given[2], mean),
      await this.off(given[3], square),
    ];
    return within('AdamW', Math.max(...errors), ALLOWED);
  }

  /** In several chunks of the vocabulary, and in one. */
  private async crossEntropy(): Promise<Check> {
    const vocab = 40;
    const hidden = 16;
    const rows = 5;
    const h = normals(rows * hidden, 9);
    const w = normals(vocab * hidden, 10);
    const labels = Int32Array.of(0, 17, -100, 39, 24);
    const weights = Float32Array.of(1, 0.5, 3, 0.25, 2);
    const head: VocabularyHead = {
      vocab,
      hidden,
      format: { kind: 'float32' },
      tensors: [{ name: 'self-test', type: 'float32', dims: [vocab, hidden], bytes: bytesOf(w) }],
      transposed: false,
      bias: null,
      nonlinearAfter: false,
    };
    const want = twins.crossEntropy({ h, w, bias: null, labels, weights });
    const given = this.put(h, rows);
    const errors: number[] = [];
    for (const width of [16, vocab]) {
      const chunks = new VocabularyChunks(this.backend, head, width);
      const own = new CrossEntropy(this.backend, chunks);
      try {
        const { pass, dh } = await own.forwardAndGradient(given, labels, weights);
        errors.push(
          difference(await own.losses(pass), want.losses),
          await this.off(dh, want.gradient),
        );
        // On WebGPU, dispose a session's outputs before the session: freeing them later is an error
        // of the runtime.
        dh.dispose();
        own.release(pass);
      } finally {
        await own.dispose();
        chunks.dispose();
      }
    }
    return within('cross entropy', Math.max(...errors), ALLOWED);
  }

  private async statistics(): Promise<Check[]> {
    const { x, dy, taps } = this.taps();
    const place = placeOf(taps);
    const count = 4;
    const blocks = 2;
    const u = normals((count * OUTPUTS) / blocks, 11);
    const v = normals(count * INPUTS, 12);
    const y = normals((x.length / INPUTS) * WIDTH, 13);
    const w = normals(OUTPUTS * INPUTS, 14);
    const { training } = this;
    const check = async (
      name: Check['name'],
      want: Float64Array,
      fill: (into: DeviceTensor) => Promise<void>,
    ): Promise<Check> => {
      const into = this.state(new Float32Array(want.length), want.length);
      await fill(into);
      return within(name, await this.off(into, want), ALLOWED);
    };
    return [
      await check('gradient norm', twins.gradientNorms(x, dy, place, SEQUENCES), (into) =>
        training.gradientNorms(taps, SEQUENCES, into, 0),
      ),
      await check('Fisher sum', twins.fisherSums(x, dy, place, SEQUENCES), (into) =>
        training.fisherSums(taps, SEQUENCES, into, 0),
      ),
      await check(
        'singular gradient',
        Float64Array.of(
          ...twins.outputDirections({ dy, y, place, u, sequences: SEQUENCES, blocks }),
          ...twins.inputDirections({ x, dy, w, place, v, sequences: SEQUENCES, blocks }),
        ),
        async (into) => {
          await training.singularGradients(
            taps,
            {
              side: 'output',
              vectors: this.put(u, count),
              y: this.put(y, x.length / INPUTS),
              blocks,
            },
            { sequences: SEQUENCES, into, at: 0 },
          );
          await training.singularGradients(
            taps,
            { side: 'input', vectors: this.put(v, count), w: this.put(w, OUTPUTS), blocks },
            { sequences: SEQUENCES, into, at: SEQUENCES * count },
          );
        },
      ),
    ];
  }

  private taps() {
    const tokens = SEQUENCES * LENGTH;
    const x = normals(tokens * INPUTS, 1);
    const dy = normals(tokens * WIDTH, 2);
    const shaped = (data: Float32Array, width: number) =>
      this.track(this.backend.upload('float32', [SEQUENCES, LENGTH, width], bytesOf(data)));
    return {
      x,
      dy,
      taps: { x: shaped(x, INPUTS), dy: shaped(dy, WIDTH), column: COLUMN, outFeatures: OUTPUTS },
    };
  }

  private put(data: Float32Array, rows: number): DeviceTensor {
    return this.track(this.backend.upload('float32', [rows, data.length / rows], bytesOf(data)));
  }

  /** A copy of the data as a tensor that is changed in place. */
  private state(data: Float32Array, rows: number): DeviceTensor {
    const tensor = this.track(
      this.backend.zeros(rows === data.length ? [rows] : [rows, data.length / rows]),
    );
    this.backend.write(tensor, data);
    return tensor;
  }

  private async off(tensor: DeviceTensor, want: ArrayLike<number>): Promise<number> {
    return difference(await this.backend.read(tensor), want);
  }

  private track(tensor: DeviceTensor): DeviceTensor {
    this.made.push(tensor);
    return tensor;
  }
}

const bytesOf = (x: Float32Array): Uint8Array =>
  new Uint8Array(x.buffer, x.byteOffset, x.byteLength);
