/**
 * The images of the module panel: a window of W, of one noise draw, and of a LoRA delta of the
 * module's rank.
 */
import { elementAt } from '../checked.ts';
import { loraDelta } from '../device/twins.ts';
import { fillNormal, uniform, type StreamKeys } from '../device/random.ts';
import { moduleKeys } from '../device/streams.ts';
import type { Engine } from '../engine/engine.ts';
import { noiseOf } from '../methods/importance/settings.ts';
import type { Picture, Requests } from './protocol.ts';

/** Size in pixels; one pixel is one weight. */
const WIDTH = 104;
const HEIGHT = 72;

/**
 * Cuts the top left corner of the matrix, 1:1. The delta is that of a new LoRA adapter, A ~
 * U(−1/√in, 1/√in), scale 1. B is drawn like A, because B = 0 would give an empty picture.
 */
export function pictureOf(
  engine: Engine,
  { spec: { seed, method }, module, repeat, rank }: Requests['picture']['ask'],
): Picture {
  const { inFeatures, outFeatures } = elementAt(engine.modules, module);
  const width = Math.min(WIDTH, inFeatures);
  const height = Math.min(HEIGHT, outFeatures);
  const matrix = engine.materialiseWeight(module);
  const noiseSettings = noiseOf(method);
  const noise = new Float32Array(inFeatures * height);
  fillNormal(
    moduleKeys(seed, module, 2 * repeat),
    noise,
    0,
    noiseSettings.scale === 'fixed' ? noiseSettings.sigma : engine.weightStd(module),
  );
  const rows = Math.max(rank, 0);
  const loraA = draw(moduleKeys(seed, module, 0), rows * inFeatures, inFeatures);
  const loraB = draw(moduleKeys(seed, module, 1), height * rows, rows);
  const delta =
    rows === 0
      ? new Float32Array(height * inFeatures)
      : loraDelta({
          a: loraA,
          b: loraB,
          base: null,
          mask: null,
          outputs: height,
          inputs: inFeatures,
          rank: rows,
          scale: 1,
        });
  const window = (source: Float32Array) => {
    const out = new Float32Array(width * height);
    for (let y = 0; y < height; y++)
      out.set(source.subarray(y * inFeatures, y * inFeatures + width), y * width);
    return out;
  };
  return { width, height, weights: window(matrix), noise: window(noise), delta: window(delta) };
}

/** Kaiming-uniform with a = √5: U(−1/√fanIn, 1/√fanIn). */
function draw(keys: StreamKeys, count: number, fanIn: number): Float32Array {
  const bound = 1 / Math.sqrt(Math.max(1, fanIn));
  return Float32Array.from({ length: count }, (_, i) => (2 * uniform(keys, i) - 1) * bound);
}
