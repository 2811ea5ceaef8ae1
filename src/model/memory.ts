/**
 * How much memory a model and a batch will take, before anything is given to the runtime: the
 * picker's bar and its refusal. An estimate of what the engine makes, part by part; nothing is
 * measured here.
 */
import type { CompiledModel } from '../compiler/compiled.ts';
import { staysPacked } from '../compiler/modules.ts';

/** The parts of a model that its memory follows from. */
export type Model = Pick<
  CompiledModel,
  'layers' | 'hidden' | 'vocab' | 'heads' | 'modules' | 'blocks' | 'head'
>;

/**
 * What is run: the token batch, and the rows (tokens of all probes) at which the engine closes a
 * batch, `Backend.fullRows`.
 */
export interface Load {
  sequences: number;
  length: number;
  fullRows: number;
}

/** Bytes. `total` is what is compared with the device's limit. */
export interface MemoryEstimate {
  /** Kept once for the model. */
  weights: number;
  /** The clean residual stream: the input of every block and of the head. */
  activations: number;
  /** The runtime, and one batch of probes on its way through a block and the head. */
  workspace: number;
  total: number;
}

/** The runtime's code, its heap at rest and the kernels' workspace. */
const RUNTIME = 64e6;
/**
 * The vocabulary product makes logits of at most so many tokens at a time, from at most so many
 * bytes of weights.
 */
const CHUNK_TOKENS = 8192;
const CHUNK_BYTES = 64 * 2 ** 20;

/** Tokens of a chunk of the vocabulary. */
export const chunkTokens = ({ vocab, hidden }: Pick<Model, 'vocab' | 'hidden'>): number =>
  Math.min(vocab, CHUNK_TOKENS, Math.max(16, Math.floor(CHUNK_BYTES / (4 * hidden))));

export function estimateMemory(
  model: Model,
  { sequences, length, fullRows }: Load,
): MemoryEstimate {
  const { layers, hidden, modules } = model;
  const tokens = sequences * length;
  // A batch is filled with perturbed copies of the tokens, two a probe, up to the rows that pay: of
  // several repeats and layers where those of one are few.
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
 * Bytes of all linear layers and of the vocabulary product as the engine holds them: half floats
 * and odd formats widened.
 */
export function weightBytes({ modules, head }: Pick<Model, 'modules' | 'head'>): number {
  return storedBytes(modules) + headBytes(head);
}

/** Bytes of the vocabulary product; on the CPU one of half floats takes half of this. */
export function headBytes({ vocab, hidden, format }: Model['head']): number {
  return vocab * hidden * (staysPacked(format) ? format.bits / 8 + 4 / format.block : 4);
}

function storedBytes(modules: Model['modules']): number {
  return modules.reduce((sum, m) => sum + m.bytes * (m.format.kind === 'float16' ? 2 : 1), 0);
}

/**
 * One perturbed copy of the token batch within a block: the additive inputs of all products, a few
 * copies of the stream, the widest activations, and the attention scores.
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

/** A block's backward pass keeps its forward's values and a gradient for most of them. */
export const BACKWARD = 3;

/** Bytes of adapters with so many parameters: values, gradients and two moments, float32. */
export const adapterBytes = (parameters: number): number => 16 * parameters;
