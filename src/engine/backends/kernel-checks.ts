/** Compares a provider's measurement kernels with their CPU reference implementations. */
import { elementAt } from '../../checked.ts';
import { fillNormal } from '../../device/random.ts';
import { moduleKeys } from '../../device/streams.ts';
import * as twins from '../../device/twins.ts';
import type { Check } from '../engine.ts';
import type { Backend } from './backend.ts';

export const kernelChecks = async (backend: Backend): Promise<Check[]> => [
  await compareNoiseProduct(backend),
  await comparePairDifference(backend),
  await compareDisagreement(backend),
  await compareLoraDelta(backend),
];

async function compareNoiseProduct(backend: Backend): Promise<Check> {
  const target = { tokens: 5, inFeatures: 32, outFeatures: 24, column: 8, stride: 40 };
  const slots = [0, 1].map((i) => ({
    keys: moduleKeys(1, 2, i),
    std: 0.5,
    row: 5 * i,
    bias: i === 1,
  }));
  const x = normals(5 * 32, 3);
  const want = new Float32Array(10 * 40);
  twins.noiseProduct(x, want, target, slots);
  const given = backend.upload('float32', [5, 32], new Uint8Array(x.buffer));
  const y = backend.zeros([10, 40]);
  await backend.noiseProduct(given, y, target, slots);
  const error = difference(await backend.read(y), want);
  given.dispose();
  y.dispose();
  return within('noise product', error, 1e-5);
}

async function comparePairDifference(backend: Backend): Promise<Check> {
  const size = 4 * 16;
  const h = normals(3 * size, 6);
  const clean = normals(size, 7);
  const pairs = Uint32Array.of(2, 0, 1, twins.CLEAN);
  const tensors = [
    backend.upload('float32', [3, 4, 16], new Uint8Array(h.buffer)),
    backend.upload('float32', [1, 4, 16], new Uint8Array(clean.buffer)),
  ] as const;
  const out = backend.pairDifference(...tensors, pairs);
  const got = await backend.read(out);
  for (const t of [...tensors, out]) t.dispose();
  return within(
    'pair difference',
    difference(got, twins.pairDifference(h, clean, pairs, size)),
    1e-6,
  );
}

async function compareLoraDelta(backend: Backend): Promise<Check> {
  const outputs = 20;
  const inputs = 24;
  const rank = 4;
  const a = normals(rank * inputs, 8);
  const b = normals(outputs * rank, 9);
  const got = await backend.loraDelta(a, b, { outputs, inputs, rank, scale: 2 });
  return within(
    'LoRA delta',
    difference(
      got,
      twins.loraDelta({ a, b, base: null, mask: null, outputs, inputs, rank, scale: 2 }),
    ),
    1e-5,
  );
}

async function compareDisagreement(backend: Backend): Promise<Check> {
  const rows = 6;
  const columns = 300;
  const a = normals(rows * columns, 4);
  const b = normals(rows * columns, 5);
  const want = new Float64Array(rows);
  twins.rowSums(a, b, want, columns);
  const tensors = [a, b].map((data) =>
    backend.upload('float32', [rows, columns], new Uint8Array(data.buffer)),
  );
  const sums = backend.zeros([rows, 1]);
  await backend.rowSums(elementAt(tensors, 0), elementAt(tensors, 1), sums, true);
  const got = await backend.probeSums(sums, 2);
  for (const t of [...tensors, sums]) t.dispose();
  const shares = [want.slice(0, 3), want.slice(3)].map((share) => share.reduce((s, v) => s + v, 0));
  const error = Math.max(...shares.map((w, i) => Math.abs(w - got[i]!) / w));
  return within('disagreement', error, 1e-5);
}

export const within = (name: Check['name'], error: number, allowed: number): Check => ({
  name,
  error,
  allowed,
  ok: error <= allowed,
});
export const normals = (length: number, stream: number) =>
  fillNormal(moduleKeys(0, stream, 0), new Float32Array(length));

/**
 * Largest absolute difference over the largest absolute value of `want`. Infinity for NaN or a
 * wrong length.
 */
export function difference(got: ArrayLike<number>, want: ArrayLike<number>): number {
  if (got.length !== want.length) return Infinity;
  let worst = 0;
  let top = 0;
  for (let i = 0; i < want.length; i++) {
    const d = Math.abs(got[i]! - want[i]!);
    if (!(d <= worst)) worst = Number.isNaN(d) ? Infinity : d;
    top = Math.max(top, Math.abs(want[i]!));
  }
  // All zeros on both sides are equal.
  return worst === 0 ? 0 : worst / top;
}
