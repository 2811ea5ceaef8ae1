/** The settings of `rank-atlas train <method>`, as differences from the default experiment. */
export const trainPresets = {
  lora: {
    study: 'train',
    train: {
      method: { name: 'lora' },
      ranks: { kind: 'uniform', rank: 8 },
      base: 'as-is',
      scale: { kind: 'fixed', value: 2 },
    },
  },
  /**
   * QLoRA's settings (methods.md §2): all linear layers in NF4, a constant rate after a warm-up and
   * clipping at 0.3. The mode is the one of QDyLoRA's public script.
   */
  qdylora: {
    study: 'train',
    train: {
      method: { name: 'qdylora', mode: 'frozen' },
      ranks: { kind: 'uniform', rank: 16 },
      base: 'nf4',
      scale: { kind: 'alpha', value: 16 },
    },
    training: {
      steps: 400,
      learningRate: 2e-4,
      warmup: 0.03,
      decay: 'constant',
      beta2: 0.999,
      maxNorm: 0.3,
      evaluateEvery: 100,
    },
  },
} as const;

export type TrainPresetName = keyof typeof trainPresets;

export const isTrainPreset = (name: string): name is TrainPresetName =>
  Object.hasOwn(trainPresets, name);
