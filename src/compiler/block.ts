/**
 * The variants of a block, and the gradient of the final norm, as requests for pieces: which values enter, which leave,
 * and what is added at each product on the way.
 */
import type { Graph } from '../onnx/graph.ts';
import { siteAdapters, type SiteAdapters } from './adapters.ts';
import { Builder } from './builder.ts';
import type { BlockVariant, Site } from './compiled.ts';
import type { Cut } from './cut.ts';
import { floatProduct } from './dequantise.ts';
import { differentiate } from './gradient/index.ts';
import { keptValues } from './kept.ts';
import { BACKWARD_OPSET, modernised } from './opset.ts';
import type { PieceRequest } from './pieces.ts';
import { rewriting, stepOn, type Change } from './rewrite.ts';
import { ordered } from './sites.ts';
import type { Specialised } from './specialise.ts';
import { Clash, type Step, type Value } from './value.ts';

/** An export specialised to a batch and length, and where it comes apart. */
export interface Cuts { s: Specialised; cut: Cut }

/** What happens at a site: the product's output, changed. */
interface Addition { inputs: PieceRequest['inputs']; apply(x: Value, y: Value): Value; adapters?: SiteAdapters }

/** Variants of a training step that keeps what its backward pass needs. */
const KEEPING: ReadonlySet<BlockVariant> = new Set(['kept', 'keptBackward', 'adapterBackward']);
const BACKWARD: ReadonlySet<BlockVariant> = new Set(['backward', 'adaptedBackward', ...KEEPING]);

const NOTHING: Addition = { inputs: [], apply: (_, y) => y };

export function blockRequest(graph: Graph, { s, cut }: Cuts, number: number, sites: readonly Site[], variant: BlockVariant): PieceRequest {
  const layer = cut.layers[number]!, { batch, length } = s, b = new Builder(graph.file, batch, length);
  const products = ordered(layer).map((e) => e.product), sequence = (width: number) => [batch, length, width];
  const keeping = KEEPING.has(variant), backward = BACKWARD.has(variant);
  const additions = sites.map((site, i): Addition => {
    if (variant === 'instrumented') return shake(b, site, sequence(site.width));
    if (keeping || variant === 'adapted' || variant === 'adaptedBackward') {
      const adapters = siteAdapters(b, site, products[i]!.inFeatures);
      return { ...adapters, adapters };
    }
    return NOTHING;
  });

  const siteOf = new Map(products.map(({ step }, i) => [step, i])), xs: Value[] = [], ys: Value[] = [];
  const form = backward ? differentiable(b) : (step: Step, inputs: Step['inputs']) => stepOn(step, inputs).outputs;
  const rewritten = rewriting(layer.input, (step, inputs) => {
    const i = siteOf.get(step), outputs = form(step, inputs);
    if (i === undefined) return outputs;
    xs[i] = inputs[0]!;
    ys[i] = additions[i]!.apply(xs[i]!, outputs[0]!);
    return [ys[i]!];
  });
  const y = rewritten(layer.output);
  const taps = () => [...new Set(xs)].map((x, i) => ({ name: `tap${i}`, value: x, dims: sequence(x.dims.at(-1)!) }));
  const added = additions.flatMap((a) => a.inputs), out = { name: 'y', value: y, dims: sequence(cut.hidden) };
  if (!backward) return { opsets: graph.opsets, inputs: [['x', layer.input], ...added], outputs: [out, ...(variant === 'tapped' ? taps() : [])] };
  const of = additions.flatMap((a) => a.adapters ?? []), pairs = variant === 'adapterBackward' ? of.flatMap((a) => a.pairs) : [];
  const { dy, gradient } = reverse(b, layer.input, y, sequence(cut.hidden), pairs.map((p) => p.value)), opsets = backwardOpsets(graph);
  const outputs = [
    { name: 'dx', value: gradient(layer.input), dims: sequence(cut.hidden) },
    ...(pairs.length > 0
      ? pairs.map(({ gradient: name, value, shape }) => ({ name, value: gradient(value), dims: value.dims, shape }))
      : [...taps(), ...sites.map((site, i) => ({ name: site.grad, value: gradient(ys[i]!), dims: sequence(site.width) }))]),
  ];
  // The same for all variants that keep: whichever gradients leave, they need these.
  const thin = new Map(of.flatMap((a) => [...a.thin])), kept = keeping ? keptValues(layer.input, y, new Set(ys), [...outputs.map((o) => o.value), ...xs], thin) : [];
  if (variant === 'kept') return { opsets, inputs: [['x', layer.input], ...added], outputs: [out, ...kept] };
  const given = kept.map(({ name, value, shape }) => [name, value, shape] as const);
  return { opsets, inputs: [['x', layer.input], ['dy', dy], ...added, ...given], outputs };
}

/** `x, dh → dx` of what lies between the last block and the vocabulary product. */
export function normBackwardRequest(graph: Graph, { s, cut }: Cuts): PieceRequest {
  const { batch, length } = s, b = new Builder(graph.file, batch, length), x = cut.layers.at(-1)!.output;
  const h = rewriting(x, differentiable(b))(cut.head.x);
  const { dy: dh, gradient } = reverse(b, x, h, [batch, length, cut.head.inFeatures]);
  return { opsets: backwardOpsets(graph), inputs: [['x', x], ['dh', dh]], outputs: [{ name: 'dx', value: gradient(x), dims: [batch, length, cut.hidden] }] };
}

const shake = (b: Builder, site: Site, dims: readonly number[]): Addition => {
  const delta = b.leaf({ type: 'float32', dims }, false);
  return { inputs: [[site.delta, delta]], apply: (_, y) => b.one('Add', [y, b.reshape(delta, y.dims)]) };
};

/** Steps as the gradient wants them: packed weights dequantised, operators in the form of the newer set. */
const differentiable = (b: Builder): Change => (step, inputs) => {
  const product = floatProduct(b, step, inputs);
  return product ? [product] : modernised(b, step, inputs).outputs;
};

/** The gradient that enters at `y`, with dims of its own, and those of the values before it. */
function reverse(b: Builder, x: Value, y: Value, dims: readonly number[], parameters: readonly Value[] = []): { dy: Value; gradient: (value: Value) => Value } {
  const dy = b.leaf({ type: 'float32', dims }, false), gradientOf = differentiate(b, x, y, b.reshape(dy, y.dims), parameters);
  const gradient = (value: Value): Value => {
    const g = gradientOf(value);
    if (!g) throw new Clash('a linear layer does not reach the output of its block');
    return g;
  };
  return { dy, gradient };
}

const backwardOpsets = ({ opsets }: Graph): Graph['opsets'] => new Map([...opsets, ['', Math.max(BACKWARD_OPSET, opsets.get('')!)]]);
