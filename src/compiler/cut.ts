/**
 * Finds the cuts of the model: positions at which a single live value carries everything that
 * depends on the tokens. Between two layers, that value is the residual stream.
 */
import { defined, elementAt } from '../checked.ts';
import { AtlasError } from '../errors.ts';
import type { Graph } from '../onnx/graph.ts';
import { layerOf, missingPrefix, modulePath } from './paths.ts';
import { productOf, readersOf, type Product, type Readers } from './products.ts';
import { isSequence, widthOf, type Specialised } from './specialise.ts';
import type { ComputedValue, Value } from './value.ts';

export interface Layer {
  /** Linear layers in graph order, with their PyTorch paths. */
  products: { product: Product; path: string }[];
  input: ComputedValue;
  output: ComputedValue;
}

export interface Cut {
  layers: Layer[];
  /** The vocabulary product. */
  head: Product;
  hidden: number;
  vocab: number;
  genai: boolean;
  readers: Readers;
}

export function cut(graph: Graph, s: Specialised): Cut {
  const refuse = (why: string) => new AtlasError('structure', { file: graph.file, why });
  const readers = readersOf(s.steps);
  const position = new Map(s.steps.map((step, i) => [step, i]));
  const genai = s.steps.some((step) => /\/layers\.\d+\/attn\//.test(step.name));
  const found = s.steps.flatMap((step) => productOf(step, readers) ?? []);
  const logits = s.logits;
  if (!isSequence(logits, s)) {
    throw refuse(
      logits.dims.at(-2) === 1
        ? 'it returns the logits of the last token only'
        : `its logits have the shape [${logits.dims.join(', ')}]`,
    );
  }

  const groups = new Map<number, Layer['products']>();
  let prefix: string | null = null;
  for (const product of found) {
    const bare = modulePath(product.step.name, genai);
    if (bare === null) continue;
    prefix ??= missingPrefix(bare, graph.initialisers.keys());
    const layer = defined(layerOf(bare));
    const entry = { product, path: prefix + bare };
    const list = groups.get(layer);
    if (list) list.push(entry);
    else groups.set(layer, [entry]);
  }
  const count = groups.size;
  if (count === 0)
    throw refuse(
      'no node has the name of a linear layer (such as "/model/layers.0/self_attn/q_proj/MatMul")',
    );
  const bounds = boundaries(s);
  const layers: Layer[] = [];
  let input: ComputedValue | null = null;
  for (let i = 0; i < count; i++) {
    const products = groups.get(i);
    if (!products) throw refuse(`its layers are not numbered from 0 to ${count - 1}`);
    const at = products.map(({ product }) => defined(position.get(product.step)));
    const first = Math.min(...at);
    const last = Math.max(...at);
    // The first layer starts at the last boundary before its products. Every other layer starts
    // where the previous layer ends.
    input ??= bounds.filter((b) => b.at < first).at(-1)?.value ?? null;
    const next = groups.get(i + 1)?.map(({ product }) => defined(position.get(product.step)));
    const end = next ? Math.min(...next) : s.steps.length;
    const after = bounds.filter((b) => b.at >= last && b.at < end);
    const output = (next ? after.at(-1) : after[0])?.value;
    if (!input || !output)
      throw refuse(`layer ${i} cannot be separated: more than one value crosses its border`);
    layers.push({ products, input, output });
    input = output;
  }
  const hidden = widthOf(elementAt(layers, 0).input);
  if (layers.some((l) => widthOf(l.output) !== hidden))
    throw refuse('the width of its residual stream changes');
  const inLayers = new Set(found.filter((p) => modulePath(p.step.name, genai) !== null));
  const head = found.filter((p) => !inLayers.has(p) && p.width === widthOf(logits)).at(-1);
  if (
    !head ||
    defined(position.get(head.step)) <
      defined(position.get(defined(elementAt(layers, -1).output.step)))
  )
    throw refuse('its logits are not the product of a hidden state and a weight');
  return { layers, head, hidden, vocab: widthOf(logits), genai, readers };
}

interface Boundary {
  at: number;
  value: ComputedValue;
}

/**
 * Returns every `[batch, length, …]` value that is the only live one after some step (`at`; −1:
 * before all steps).
 */
function boundaries(s: Specialised): Boundary[] {
  const last = new Map<Value, number>([[s.logits, s.steps.length]]);
  s.steps.forEach((step, i) => {
    for (const v of step.inputs)
      if (v?.kind === 'computed' && v.depends) last.set(v, Math.max(last.get(v) ?? -1, i));
  });
  const alive = new Set<ComputedValue>();
  const out: Boundary[] = [];
  const note = (at: number) => {
    if (alive.size !== 1) return;
    const [value] = alive as Set<ComputedValue>;
    if (value && isSequence(value, s)) out.push({ at, value });
  };
  // Lookups are live from the start, a step's outputs from that step on.
  for (const l of s.lookups) if (last.has(l.value)) alive.add(l.value);
  note(-1);
  s.steps.forEach((step, i) => {
    for (const v of step.outputs) if (v.depends && last.has(v)) alive.add(v);
    for (const v of step.inputs) if (v?.kind === 'computed' && last.get(v) === i) alive.delete(v);
    note(i);
  });
  return out;
}
