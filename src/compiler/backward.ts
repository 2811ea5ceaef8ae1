/**
 * Builds the piece requests of the training and gradient variants of a layer, and of the backward
 * pass of the final norm.
 */
import { defined, elementAt } from '../checked.ts';
import type { Graph } from '../onnx/graph.ts';
import { siteAdapters } from './adapters.ts';
import { changedBlock, NOTHING, type Cuts } from './block.ts';
import { Builder } from './builder.ts';
import type { Site, TrainingVariant } from './compiled.ts';
import { floatProduct } from './dequantise.ts';
import { differentiate } from './gradient/index.ts';
import { savedActivations } from './saved-activations.ts';
import { BACKWARD_OPSET, modernised } from './opset.ts';
import type { PieceRequest } from './pieces.ts';
import { rewriting, type Change } from './rewrite.ts';
import { ordered } from './sites.ts';
import { Clash, type Step, type Value } from './value.ts';

/** Variants that save activations for backward, or read saved ones. */
const WITH_SAVED: ReadonlySet<TrainingVariant> = new Set([
  'saved',
  'savedBackward',
  'adapterBackward',
]);

export function trainingRequest(
  graph: Graph,
  cuts: Cuts,
  {
    number,
    sites,
    variant,
    uint4,
  }: { number: number; sites: readonly Site[]; variant: TrainingVariant; uint4: boolean },
): PieceRequest {
  const {
    s: { batch, length },
    cut,
  } = cuts;
  const b = new Builder(graph.file, batch, length);
  const sequence = (width: number) => [batch, length, width];
  const products = ordered(elementAt(cut.layers, number)).map((e) => e.product);
  const withSaved = WITH_SAVED.has(variant);
  const bare = variant === 'backward' || variant === 'observed';
  const adapters = bare
    ? []
    : sites.map((site, i) => siteAdapters(b, site, elementAt(products, i).inFeatures));
  const added = adapters.flatMap((a) => a.inputs);
  const { input, out, taps, xs, ys } = changedBlock(
    cuts,
    number,
    bare ? sites.map(() => NOTHING) : adapters,
    variant === 'adapted' ? undefined : differentiable(b, uint4),
  );
  if (variant === 'adapted')
    return { opsets: graph.opsets, inputs: [['x', input], ...added], outputs: [out] };
  const pairs = variant === 'adapterBackward' ? adapters.flatMap((a) => a.pairs) : [];
  const { dy, gradient } = reverse({
    b,
    x: input,
    y: out.value,
    dims: sequence(cut.hidden),
    parameters: pairs.map((p) => p.value),
  });
  const opsets = backwardOpsets(graph);
  const outputs = [
    { name: 'dx', value: gradient(input), dims: sequence(cut.hidden) },
    ...(pairs.length > 0
      ? pairs.map(({ gradient: name, value, shape }) => ({
          name,
          value: gradient(value),
          dims: value.dims,
          shape,
        }))
      : [
          ...taps,
          ...sites.map((site, i) => ({
            name: site.grad,
            value: gradient(elementAt(ys, i)),
            dims: sequence(site.width),
          })),
        ]),
    ...(variant === 'observed'
      ? sites.map((site, i) => ({
          name: site.out,
          value: withoutBias(b, elementAt(products, i).step, elementAt(ys, i)),
          dims: sequence(site.width),
        }))
      : []),
  ];
  // All these variants save the same activations, whichever gradients they output.
  const thin = new Map(adapters.flatMap((a) => [...a.thin]));
  const saved = withSaved
    ? savedActivations({
        x: input,
        y: out.value,
        whole: new Set(ys),
        wanted: [...outputs.map((o) => o.value), ...xs],
        thin,
      })
    : [];
  if (variant === 'saved')
    return { opsets, inputs: [['x', input], ...added], outputs: [out, ...saved] };
  const given = saved.map(({ name, value, shape }) => [name, value, shape] as const);
  return { opsets, inputs: [['x', input], ['dy', dy], ...added, ...given], outputs };
}

/** `x, dh → dx` of everything between the last layer and the vocabulary product. */
export function normBackwardRequest(graph: Graph, { s, cut }: Cuts, uint4: boolean): PieceRequest {
  const { batch, length } = s;
  const b = new Builder(graph.file, batch, length);
  const x = elementAt(cut.layers, -1).output;
  const h = rewriting(new Map([[x, x]]), differentiable(b, uint4))(cut.head.x);
  const { dy: dh, gradient } = reverse({ b, x, y: h, dims: [batch, length, cut.head.inFeatures] });
  return {
    opsets: backwardOpsets(graph),
    inputs: [
      ['x', x],
      ['dh', dh],
    ],
    outputs: [{ name: 'dx', value: gradient(x), dims: [batch, length, cut.hidden] }],
  };
}

/**
 * Prepares steps for differentiation: dequantises packed weights and converts operators to the
 * newer operator set.
 */
const differentiable =
  (b: Builder, uint4: boolean): Change =>
  (step, inputs) => {
    const product = floatProduct(b, step, inputs, uint4);
    return product ? [product] : modernised(b, step, inputs).outputs;
  };

/** A product's output `y` without the bias that its own step adds. */
function withoutBias(b: Builder, { op, inputs }: Step, y: Value): Value {
  const bias = op === 'Gemm' ? inputs[2] : op === 'MatMulNBits' ? inputs[5] : null;
  return bias ? b.one('Sub', [y, bias]) : y;
}

/**
 * Returns the gradient input `dy` of shape `dims` at `y`, and a function from values to gradients.
 * That function throws `Clash` if a value does not reach `y`.
 */
function reverse({
  b,
  x,
  y,
  dims,
  parameters = [],
}: {
  b: Builder;
  x: Value;
  y: Value;
  dims: readonly number[];
  parameters?: readonly Value[];
}): { dy: Value; gradient: (value: Value) => Value } {
  const dy = b.leaf({ type: 'float32', dims }, false);
  const gradientOf = differentiate({ b, x, y, dy: b.reshape(dy, y.dims), parameters });
  const gradient = (value: Value): Value => {
    const g = gradientOf(value);
    if (!g) throw new Clash('a linear layer does not reach the output of its block');
    return g;
  };
  return { dy, gradient };
}

const backwardOpsets = ({ opsets }: Graph): Graph['opsets'] =>
  new Map([...opsets, ['', Math.max(BACKWARD_OPSET, defined(opsets.get('')))]]);
