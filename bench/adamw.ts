/** AdamW's constants in all benchmarks: PyTorch's defaults without weight decay. */
export const ADAMW = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 };
