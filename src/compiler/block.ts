/**
 * A block as a request for a piece: which values enter, which leave, and what is added at each product on the way. What training and
 * gradients ask for is `backward.ts`, which comes when it is first asked for.
 */
import type { Graph } from '../onnx/graph.ts';
import { Builder } from './builder.ts';
import type { ForwardVariant, Site } from './compiled.ts';
import type { Cut } from './cut.ts';
import type { PieceRequest } from './pieces.ts';
import { rewriting, stepOn, type Change } from './rewrite.ts';
import { ordered } from './sites.ts';
import type { Specialised } from './specialise.ts';
import type { Value } from './value.ts';

/** An export specialised to a batch and length, and where it comes apart. */
export interface Cuts { s: Specialised; cut: Cut }

/** What happens at a site: the product's output, changed. */
export interface Addition { inputs: PieceRequest['inputs']; apply(x: Value, y: Value): Value }

export const NOTHING: Addition = { inputs: [], apply: (_, y) => y };

export function blockRequest(graph: Graph, cuts: Cuts, number: number, sites: readonly Site[], variant: ForwardVariant): PieceRequest {
  const { batch, length } = cuts.s, b = new Builder(graph.file, batch, length);
  const additions = sites.map((site) => (variant === 'instrumented' ? shake(b, site, [batch, length, site.width]) : NOTHING));
  const { input, out, taps } = changedBlock(cuts, number, additions);
  return { opsets: graph.opsets, inputs: [['x', input], ...additions.flatMap((a) => a.inputs)], outputs: [out, ...(variant === 'tapped' ? taps : [])] };
}

type Output = PieceRequest['outputs'][number];

/** A block with one addition at each product. */
export interface ChangedBlock {
  input: Value;
  /** Its output, and the input of every product, as they leave a piece. */
  out: Output;
  taps: Output[];
  /** Inputs of the products, and their outputs with what was added. */
  xs: Value[];
  ys: Value[];
}

/** `form`: what the other steps become; by default they stay. */
export function changedBlock({ s: { batch, length }, cut }: Cuts, number: number, additions: readonly Addition[], form: Change = (step, inputs) => stepOn(step, inputs).outputs): ChangedBlock {
  const layer = cut.layers[number]!, siteOf = new Map(ordered(layer).map((e, i) => [e.product.step, i])), xs: Value[] = [], ys: Value[] = [];
  const rewritten = rewriting(layer.input, (step, inputs) => {
    const i = siteOf.get(step), outputs = form(step, inputs);
    if (i === undefined) return outputs;
    xs[i] = inputs[0]!;
    ys[i] = additions[i]!.apply(xs[i]!, outputs[0]!);
    return [ys[i]!];
  });
  const out = { name: 'y', value: rewritten(layer.output), dims: [batch, length, cut.hidden] };
  return { input: layer.input, out, xs, ys, taps: [...new Set(xs)].map((x, i) => ({ name: `tap${i}`, value: x, dims: [batch, length, x.dims.at(-1)!] })) };
}

const shake = (b: Builder, site: Site, dims: readonly number[]): Addition => {
  const delta = b.leaf({ type: 'float32', dims }, false);
  return { inputs: [[site.delta, delta]], apply: (_, y) => b.one('Add', [y, b.reshape(delta, y.dims)]) };
};
