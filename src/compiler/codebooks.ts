/** The codebooks of quantised floats: the level of each code. */

/** bitsandbytes' NormalFloat4 levels (QLoRA, arXiv 2305.14314, appendix E). */
export const NF4 = Float32Array.of(
  -1.0,
  -0.6961928009986877,
  -0.5250730514526367,
  -0.39491748809814453,
  -0.28444138169288635,
  -0.18477343022823334,
  -0.09105003625154495,
  0.0,
  0.07958029955625534,
  0.16093020141124725,
  0.24611230194568634,
  0.33791524171829224,
  0.44070982933044434,
  0.5626170039176941,
  0.7229568362236023,
  1.0,
);

/** bitsandbytes' 4-bit float levels: one sign, two exponent and one fraction bit, scaled to 1. */
export const FP4 = Float32Array.of(
  0,
  5.208333333e-3,
  0.66666667,
  1,
  0.33333333,
  0.5,
  0.16666667,
  0.25,
  -0,
  -5.208333333e-3,
  -0.66666667,
  -1,
  -0.33333333,
  -0.5,
  -0.16666667,
  -0.25,
);

/**
 * bitsandbytes' signed dynamic map of 8 bits (`create_dynamic_map`), ascending: seven decades with
 * 2ⁱ levels on each side, 0 and 1. Computed in float32 like PyTorch, so the levels are
 * bit-identical.
 */
export const DYNAMIC8: Float32Array = dynamicMap();

function dynamicMap(): Float32Array {
  const float = Math.fround;
  const low = float(0.1);
  const levels = [0, 1];
  for (let i = 0; i < 7; i++) {
    const parts = 2 ** i;
    const step = float(float(1 - low) / parts);
    const decade = float(10 ** (i - 6));
    // torch.linspace computes from both ends towards the middle.
    const edge = (k: number) =>
      float(k < (parts + 1) / 2 ? low + step * k : 1 - step * (parts - k));
    for (let k = 0; k < parts; k++) {
      const level = float(float(float(edge(k) + edge(k + 1)) / 2) * decade);
      levels.push(level, -level);
    }
  }
  return Float32Array.from(levels).sort();
}
