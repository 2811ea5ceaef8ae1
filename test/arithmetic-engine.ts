/**
 * An Engine on a small analytic model in double precision: residual layers `x + W₂ tanh(W₁ x + b)`
 * between a random embedding and a random head. Tests of methods and of the run loop get correct
 * numbers without a runtime.
 */
import { defined, elementAt } from '../src/checked.ts';
import type { ModuleInfo } from '../src/compiler/modules.ts';
import { fillNormal, streamKeys } from '../src/device/random.ts';
import { keysOf } from '../src/device/streams.ts';
import type {
  CleanPass,
  Engine,
  GradientEngine,
  NoiseDraw,
  Probe,
  SignDraw,
  TokenBatch,
} from '../src/engine/engine.ts';
import type { ModelFacts } from '../src/studies/map/events.ts';

const MODEL_SEED = 99;

export interface Sizes {
  layers: number;
  hidden: number;
  inner: number;
  vocab: number;
}

/** Records all work of an engine. Tests use it to find recomputation and leaks. */
export interface Log {
  probes: Probe[];
  batches: number[];
  signs: SignDraw[];
  openPasses: number;
}

export interface ArithmeticEngine extends Engine, Pick<GradientEngine, 'jacobianNorms'> {
  readonly facts: ModelFacts;
  readonly log: Log;
}

type Matrix = { rows: number; columns: number; values: Float64Array };

function random(stream: number, rows: number, columns: number, std: number): Matrix {
  const values = fillNormal(
    streamKeys(MODEL_SEED, stream, 0),
    new Float32Array(rows * columns),
    0,
    std,
  );
  return { rows, columns, values: Float64Array.from(values) };
}

const product = ({ rows, columns, values }: Matrix, x: Float64Array): Float64Array =>
  Float64Array.from({ length: rows }, (_, i) =>
    x.reduce((sum, v, j) => sum + v * values[i * columns + j]!, 0),
  );

const transposed = ({ columns, values }: Matrix, y: Float64Array): Float64Array =>
  Float64Array.from({ length: columns }, (_, j) =>
    y.reduce((sum, v, i) => sum + v * values[i * columns + j]!, 0),
  );

const std = (values: Float64Array): number => {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return Math.sqrt(values.reduce((a, v) => a + (v - mean) ** 2, 0) / values.length);
};

export function arithmeticEngine(
  { layers, hidden, inner, vocab }: Sizes = { layers: 4, hidden: 6, inner: 8, vocab: 11 },
  fullRows = 0,
): ArithmeticEngine {
  const embedding = random(1000, vocab, hidden, 1);
  const head = random(1001, vocab, hidden, 1);
  // Later layers have larger weights, and `proj` larger than `fc`, so that importances differ.
  const weights = Array.from({ length: 2 * layers }, (_, m) =>
    m % 2 === 0 ? random(m, inner, hidden, 0.3) : random(m, hidden, inner, 0.2 * (1 + m)),
  );
  const biases = Array.from({ length: layers }, (_, l) => random(500 + l, inner, 1, 0.1).values);
  const modules = weights.map((w, index): ModuleInfo => ({
    index,
    layer: index >> 1,
    role: index % 2 === 0 ? 'fc' : 'proj',
    group: 'mlp',
    path: `model.layers.${index >> 1}.mlp.${index % 2 === 0 ? 'fc' : 'proj'}`,
    inFeatures: w.columns,
    outFeatures: w.rows,
    format: { kind: 'float32' },
    hasBias: index % 2 === 0,
    bytes: 4 * w.values.length,
  }));
  const log: Log = { probes: [], batches: [], signs: [], openPasses: 0 };

  /** Logits of one token with the weight (and bias) of one module perturbed. */
  function logits(
    token: number,
    module = -1,
    noise: NoiseDraw | null = null,
    bias = false,
  ): Float64Array {
    const perturbed = (m: number): [Matrix, Float64Array | null] => {
      const w = elementAt(weights, m);
      const b = m % 2 === 0 ? elementAt(biases, m >> 1) : null;
      if (m !== module || !noise) return [w, b];
      const n = fillNormal(
        streamKeys(noise.seed, m, noise.draw),
        new Float32Array(w.values.length + (b && bias ? b.length : 0)),
        0,
        noise.std,
      );
      return [
        { ...w, values: w.values.map((v, i) => v + n[i]!) },
        b && bias ? b.map((v, i) => v + n[w.values.length + i]!) : b,
      ];
    };
    let x: Float64Array = embedding.values.slice(token * hidden, (token + 1) * hidden);
    for (let layer = 0; layer < layers; layer++) {
      const [w1, b] = perturbed(2 * layer);
      const [w2] = perturbed(2 * layer + 1);
      const y = product(
        w2,
        product(w1, x).map((v, i) => Math.tanh(v + defined(b)[i]!)),
      );
      x = x.map((v, i) => v + y[i]!);
    }
    return product(head, x);
  }

  function value(pass: CleanPass, { module, a, b, bias }: Probe): number {
    let sum = 0;
    for (const token of pass.batch.ids) {
      const p = logits(token, module, a, bias);
      const q = logits(token, module, b, bias);
      sum += p.reduce((s, v, i) => s + Math.abs(v - q[i]!), 0);
    }
    return sum / pass.batch.ids.length;
  }

  /** ∂(uᵀ logits)/∂W of every module, summed over the tokens. `u[t]` holds the signs at token t. */
  function gradients(tokens: readonly number[], u: readonly Float64Array[]): Float64Array[] {
    const sums = weights.map((w) => new Float64Array(w.values.length));
    const add = (m: number, dy: Float64Array, x: Float64Array) =>
      dy.forEach((d, i) =>
        x.forEach((v, j) => {
          elementAt(sums, m)[i * x.length + j]! += d * v;
        }),
      );
    tokens.forEach((token, t) => {
      const xs: Float64Array[] = [];
      const hs: Float64Array[] = [];
      let x: Float64Array = embedding.values.slice(token * hidden, (token + 1) * hidden);
      for (let layer = 0; layer < layers; layer++) {
        const h = product(elementAt(weights, 2 * layer), x).map((v, i) =>
          Math.tanh(v + elementAt(biases, layer)[i]!),
        );
        const y = product(elementAt(weights, 2 * layer + 1), h);
        xs.push(x);
        hs.push(h);
        x = x.map((v, i) => v + y[i]!);
      }
      let dx = transposed(head, elementAt(u, t));
      for (let layer = layers - 1; layer >= 0; layer--) {
        add(2 * layer + 1, dx, elementAt(hs, layer));
        const dz = transposed(elementAt(weights, 2 * layer + 1), dx).map(
          (v, i) => v * (1 - elementAt(hs, layer)[i]! ** 2),
        );
        const through = transposed(elementAt(weights, 2 * layer), dz);
        add(2 * layer, dz, elementAt(xs, layer));
        dx = dx.map((v, i) => v + through[i]!);
      }
    });
    return sums;
  }

  const facts: ModelFacts = {
    id: 'files:arithmetic',
    title: 'Arithmetic',
    hash: 'a'.repeat(64),
    dialect: 'optimum',
    layers,
    hidden,
    vocab,
    bytes: 1000,
    modules,
  };
  const never = (): never => {
    throw new Error('not part of these tests');
  };
  return {
    facts,
    log,
    modules,
    layers,
    vocab,
    fullRows,
    provider: { kind: 'wasm', device: 'CPU', threads: 1, software: false },
    weightStd: (m) => std(elementAt(weights, m).values),
    materialiseWeight: (m) => Float32Array.from(elementAt(weights, m).values),
    async cleanPass(batch: TokenBatch) {
      log.openPasses++;
      let loss = 0;
      let predicted = 0;
      batch.ids.forEach((token, i) => {
        if (i % batch.length === batch.length - 1) return;
        const l = logits(token);
        loss += Math.log(l.reduce((s, v) => s + Math.exp(v), 0)) - l[batch.ids[i + 1]!]!;
        predicted++;
      });
      return {
        batch,
        loss: loss / predicted,
        dispose: () => {
          log.openPasses--;
        },
      };
    },
    async disagreement(pass, probes) {
      log.probes.push(...probes);
      log.batches.push(probes.length);
      return Float64Array.from(probes, (p) => value(pass, p));
    },
    async jacobianNorms({ batch: { ids, sequences, length } }, draws) {
      log.signs.push(...draws);
      return Float64Array.from(
        draws.flatMap(({ seed, draw, position }) => {
          const noise = fillNormal(
            keysOf(seed, 'logitSigns', draw),
            new Float32Array(ids.length * vocab),
          );
          const perSequence = Array.from({ length: sequences }, (_, s) => {
            const rows = Array.from({ length }, (__, t) =>
              Float64Array.from({ length: vocab }, (___, v) =>
                position !== undefined && position !== t
                  ? 0
                  : Math.sign(noise[(s * length + t) * vocab + v]!),
              ),
            );
            return gradients([...ids.subarray(s * length, (s + 1) * length)], rows).map((g) =>
              g.reduce((sum, v) => sum + v * v, 0),
            );
          });
          return modules.flatMap((_, m) => perSequence.map((squares) => squares[m]!));
        }),
      );
    },
    explain: never,
    logits: never,
    residuals: never,
    memory: () => ({ device: 0, heap: 0, weights: 'packed' }),
    dispose: async () => {},
  };
}
