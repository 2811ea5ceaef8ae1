/**
 * Builds the piece request of a layer: its inputs, its outputs, and an addition at each product.
 * The variants for training and gradients are in `backward.ts`, which is loaded on first use.
 */
import { defined, elementAt } from '../checked.ts';
import type { Graph } from '../onnx/graph.ts';
import { Builder } from './builder.ts';
import type { ForwardVariant, Site } from './compiled.ts';
import type { Cut } from './cut.ts';
import type { PieceRequest } from './pieces.ts';
import { rewriting, stepOn, type Change } from './rewrite.ts';
import { ordered } from './sites.ts';
import type { Specialised } from './specialise.ts';
import type { Value } from './value.ts';

/** An export specialised to a batch and length, with its cuts. */
export interface Cuts {
  s: Specialised;
  cut: Cut;
}

/** Changes the product's output at a site. */
export interface Addition {
  inputs: PieceRequest['inputs'];
  apply(x: Value, y: Value): Value;
}

export const NOTHING: Addition = { inputs: [], apply: (_, y) => y };

export function blockRequest({
  graph,
  cuts,
  number,
  sites,
  variant,
}: {
  graph: Graph;
  cuts: Cuts;
  number: number;
  sites: readonly Site[];
  variant: ForwardVariant;
}): PieceRequest {
  const { input, out, taps, ys } = changedBlock(
    cuts,
    number,
    sites.map(() => NOTHING),
  );
  const { batch, length } = cuts.s;
  const outs = sites.map((site, i) => ({
    name: site.out,
    value: elementAt(ys, i),
    dims: [batch, length, site.width],
  }));
  return {
    opsets: graph.opsets,
    inputs: [['x', input]],
    outputs: [out, ...(variant === 'plain' ? [] : taps), ...(variant === 'opened' ? outs : [])],
  };
}

/** See `CompiledModel.segment`. */
export function segmentRequest(
  graph: Graph,
  { s: { batch, length }, cut }: Cuts,
  { number, sites, depth }: { number: number; sites: readonly Site[]; depth: number },
): PieceRequest {
  const layer = elementAt(cut.layers, number);
  const b = new Builder(graph.file, batch, length);
  const ys = ordered(layer).map((e) => e.product.y);
  const dims = (site: Site) => [batch, length, site.width];
  const before = sites.filter((site) => site.depth < depth);
  const leaves = before.map((site) => b.leaf({ type: 'float32', dims: dims(site) }, false));
  const given = new Map<Value, Value>([
    [layer.input, layer.input],
    ...before.map((site, i): [Value, Value] => [
      elementAt(ys, site.index),
      b.reshape(elementAt(leaves, i), elementAt(ys, site.index).dims),
    ]),
  ]);
  const rewritten = rewriting(given, (step, inputs) => stepOn(step, inputs).outputs);
  const wanted = sites
    .filter((site) => site.depth === depth)
    .map((site) => ({
      name: site.out,
      value: rewritten(elementAt(ys, site.index)),
      dims: dims(site),
    }));
  const outputs =
    wanted.length > 0
      ? wanted
      : [{ name: 'y', value: rewritten(layer.output), dims: [batch, length, cut.hidden] }];
  const inputs = [
    ['x', layer.input] as const,
    ...before.map((site, i) => [site.out, elementAt(leaves, i)] as const),
  ];
  return { opsets: graph.opsets, inputs, outputs };
}

type Output = PieceRequest['outputs'][number];

/** A layer with one addition at each product. */
export interface ChangedBlock {
  input: Value;
  /** The layer's output, and the input of every product, as piece outputs. */
  out: Output;
  taps: Output[];
  /** Inputs of the products, and their outputs after the additions. */
  xs: Value[];
  ys: Value[];
}

/** `form` converts the other steps; by default they are unchanged. */
export function changedBlock(
  { s: { batch, length }, cut }: Cuts,
  number: number,
  additions: readonly Addition[],
  form: Change = (step, inputs) => stepOn(step, inputs).outputs,
): ChangedBlock {
  const layer = elementAt(cut.layers, number);
  const siteOf = new Map(ordered(layer).map((e, i) => [e.product.step, i]));
  const xs: Value[] = [];
  const ys: Value[] = [];
  const rewritten = rewriting(new Map([[layer.input, layer.input]]), (step, inputs) => {
    const i = siteOf.get(step);
    const outputs = form(step, inputs);
    if (i === undefined) return outputs;
    xs[i] = defined(inputs[0]);
    ys[i] = elementAt(additions, i).apply(elementAt(xs, i), elementAt(outputs, 0));
    return [elementAt(ys, i)];
  });
  const out = { name: 'y', value: rewritten(layer.output), dims: [batch, length, cut.hidden] };
  return {
    input: layer.input,
    out,
    xs,
    ys,
    taps: [...new Set(xs)].map((x, i) => ({
      name: `tap${i}`,
      value: x,
      dims: [batch, length, elementAt(x.dims, -1)],
    })),
  };
}
