/**
 * Estimates the memory of a model and a batch, part by part, before the runtime allocates it. The
 * model picker shows it and refuses models that do not fit. Nothing is measured here.
 */
import type { CompiledModel } from '../compiler/compiled.ts';
import { staysPacked } from '../compiler/modules.ts';

/** The properties of a model that determine its memory. */
export type Model = Pick<
  CompiledModel,
  'layers' | 'hidden' | 'vocab' | 'heads' | 'modules' | 'blocks' | 'head'
>;

/**
 * The work: the token batch, and the rows (tokens of all probes) at which the engine closes a
 * batch, `Backend.fullRows`.
 */
export interface Load {
  sequences: number;
  length: number;
  fullRows: number;
}

/** Bytes. `total` is compared with the device's limit. */
export interface MemoryEstimate {
  /** Held as long as the model is open. */
  weights: number;
  /** The clean residual stream: the input of every layer and of the head. */
  activations: number;
  /** The runtime, and one batch of probes in a layer or the head. */
  workspace: number;
  total: number;
}

/** The runtime's code, its idle heap and the kernels' workspace. */
const RUNTIME = 64e6;
/**
 * The vocabulary product computes logits in chunks of at most this many tokens and this many bytes
 * of weights.
 */
const CHUNK_TOKENS = 8192;
const CHUNK_BYTES = 64 * 2 ** 20;

/** Vocabulary tokens per chunk. */
export const chunkTokens = ({ vocab, hidden }: Pick<Model, 'vocab' | 'hidden'>): number =>
  Math.min(vocab, CHUNK_TOKENS, Math.max(16, Math.floor(CHUNK_BYTES / (4 * hidden))));

export function estimateMemory(
  model: Model,
  { sequences, length, fullRows }: Load,
): MemoryEstimate {
  const { layers, hidden, modules } = model;
  const tokens = sequences * length;
  // A batch is filled with perturbed copies of the tokens, two per probe, up to `fullRows`. If one
  // layer has too few probes, several repeats and layers share a batch.
  const copies = Math.max(2, Math.floor(fullRows / tokens));
  const chunk = chunkTokens(model);
  const head = 4 * (copies / 2) * tokens * (chunk + 2 * hidden) + 4 * chunk * hidden;
  const largestBlock = Math.max(
    ...model.blocks.map((_, layer) => storedBytes(modules.filter((m) => m.layer === layer))),
  );
  const weights = weightBytes(model);
  const activations = 4 * (layers + 2) * tokens * hidden;
  const workspace =
    RUNTIME + Math.max(copies * copyBytes(model, { sequences, length }) + largestBlock, head);
  return { weights, activations, workspace, total: weights + activations + workspace };
}

/**
 * Bytes of all linear layers and of the vocabulary product as the engine stores them: float16 and
 * unusual formats are widened.
 */
export function weightBytes({ modules, head }: Pick<Model, 'modules' | 'head'>): number {
  return storedBytes(modules) + headBytes(head);
}

/** Bytes of the vocabulary product. On the CPU a float16 one takes half of this. */
export function headBytes({ vocab, hidden, format }: Model['head']): number {
  return vocab * hidden * (staysPacked(format) ? format.bits / 8 + 4 / format.block : 4);
}

function storedBytes(modules: Model['modules']): number {
  return modules.reduce((sum, m) => sum + m.bytes * (m.format.kind === 'float16' ? 2 : 1), 0);
}

/**
 * Bytes of one perturbed copy of the token batch within a layer: the additive inputs of all
 * products, a few copies of the residual stream, the widest activations, and the attention scores.
 */
export function copyBytes(
  { blocks, hidden, heads }: Model,
  { sequences, length }: Pick<Load, 'sequences' | 'length'>,
): number {
  const widths = blocks.map(({ sites }) => sites.map((s) => s.width));
  const all = Math.max(...widths.map((w) => w.reduce((a, b) => a + b, 0)));
  const widest = Math.max(hidden, ...widths.flat());
  return (
    4 *
    sequences *
    length *
    (all + 6 * hidden + 3 * widest + 3 * (heads ?? Math.ceil(hidden / 64)) * length)
  );
}

/** The backward pass of a layer holds its forward values and a gradient for most of them. */
export const BACKWARD = 3;

/** Bytes of adapters with this many parameters: values, gradients and two moments, float32. */
export const adapterBytes = (parameters: number): number => 16 * parameters;
