/**
 * How much memory a model and a batch will take on a provider, before anything is loaded into the runtime: the
 * picker's bar and its refusal. An estimate of what the engine makes, part by part; nothing is measured here.
 */
import type { CompiledModel } from '../compiler/compiled.ts';

/** What the estimate depends on. All counts; bytes where it says so. */
export interface MemoryFacts {
  /** Bytes of the weights as the engine keeps them: packed ones as stored, half floats widened. */
  weightBytes: number;
  /** Bytes of the largest block's weights. */
  blockBytes: number;
  layers: number;
  hidden: number;
  vocab: number;
  heads: number;
  /** Output features of all products of a block together. */
  width: number;
  /** Modules of a block. */
  modules: number;
  sequences: number;
  length: number;
  /** Rows (tokens of all probes) at which the engine closes a batch: `Backend.fullRows`. */
  fullRows: number;
}

/** Bytes. `total` is what is compared with the device's limit. */
export interface MemoryEstimate {
  /** Kept once for the model. */
  weights: number;
  /** The clean residual stream: the input of every block and of the head. */
  activations: number;
  /** One batch of probes on its way through a block and the head, and the runtime itself. */
  workspace: number;
  total: number;
}

/** The runtime's code, its heap at rest and the noise buffer. */
const RUNTIME = 64e6;
/** The engine makes logits of at most so many tokens at a time, from at most so many bytes of weights. */
const CHUNK_TOKENS = 8192, CHUNK_BYTES = 64 * 2 ** 20;

export function estimateMemory(facts: MemoryFacts): MemoryEstimate {
  const { hidden, width, length } = facts, tokens = facts.sequences * length;
  // A batch is filled with perturbed copies of the tokens, two a probe, up to the rows that pay or all probes of a block.
  const copies = Math.max(2, Math.min(Math.floor(facts.fullRows / tokens), 2 * facts.modules));
  const rows = copies * tokens;
  // Every product's output twice (itself and its perturbation), the stream and its norms four times.
  const block = 4 * rows * (2 * width + 4 * hidden) + 2 * 4 * copies * facts.sequences * facts.heads * length * length;
  const chunk = Math.min(facts.vocab, CHUNK_TOKENS, Math.max(16, Math.floor(CHUNK_BYTES / (4 * hidden))));
  const head = 4 * (rows / 2) * (chunk + 2 * hidden) + 4 * chunk * hidden;
  const weights = facts.weightBytes;
  const activations = 4 * (facts.layers + 1) * tokens * hidden;
  const workspace = RUNTIME + Math.max(block + facts.blockBytes, head);
  return { weights, activations, workspace, total: weights + activations + workspace };
}

/** The facts of a compiled model. `modelBytes` are those of its files, `heads` the config's (or null). */
export function memoryFacts(model: CompiledModel, modelBytes: number, heads: number | null, batch: Pick<MemoryFacts, 'sequences' | 'length' | 'fullRows'>): MemoryFacts {
  const { layers, hidden, vocab, modules, blocks, head } = model;
  const bytesOf = (layer: number) => modules.reduce((sum, m) => sum + (m.layer === layer ? m.bytes * (m.format.kind === 'float16' ? 2 : 1) : 0), 0);
  const perLayer = blocks.map((_, layer) => bytesOf(layer));
  const halves = modules.reduce((sum, m) => sum + (m.format.kind === 'float16' ? m.bytes : 0), 0);
  // The vocabulary product works on packed or float32 rows; anything else is widened into a copy.
  const asStored = head.format.kind === 'nbits' || (head.format.kind === 'float32' && !head.transposed);
  return {
    weightBytes: modelBytes + halves + (asStored ? 0 : 4 * vocab * hidden),
    blockBytes: Math.max(0, ...perLayer),
    layers, hidden, vocab,
    heads: heads ?? Math.ceil(hidden / 64),
    width: Math.max(0, ...blocks.map((b) => b.sites.reduce((sum, site) => sum + site.width, 0))),
    modules: Math.ceil(modules.length / Math.max(1, layers)),
    ...batch,
  };
}

/** Bytes as people read them, decimal units: `61 MB`, `1.9 GB`. */
export function describeBytes(bytes: number): string {
  if (bytes < 1000) return `${Math.round(bytes)} bytes`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let value = bytes / 1000, unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}
