/**
 * Finds the sites and modules of a layer. Every product is one site, in the order q, k, v, o, gate,
 * up, down; a packed product has several modules.
 */
import { defined, elementAt } from '../checked.ts';
import type { Tensor } from '../onnx/graph.ts';
import type { ModuleWeight, Site, WeightTensor } from './compiled.ts';
import type { Cut, Layer } from './cut.ts';
import type { ModuleInfo } from './modules.ts';
import { roleOf } from './paths.ts';
import { onlyReader, type Product, type Readers } from './products.ts';
import type { Specialised } from './specialise.ts';
import type { Value } from './value.ts';
import { weightTensor } from './weight-tensor.ts';

export interface LayerSites {
  sites: Site[];
  /** Products in the order of the sites. */
  products: Product[];
}

/** A layer's products in the order of its sites. */
export const ordered = (layer: Layer): Layer['products'] =>
  layer.products
    .map((p) => ({ ...p, order: roleOf(p.path).order }))
    .sort((a, b) => a.order - b.order);

interface Part {
  path: string;
  offset: number;
  width: number;
}

/** The modules in a product: q, k and v of a packed projection, or a single one. */
function partsOf(path: string, product: Product, s: Specialised, { genai, readers }: Cut): Part[] {
  const whole = [{ path, offset: 0, width: product.width }];
  if (!genai || !path.endsWith('qkv_proj')) return whole;
  const widths = packedWidths(product.y, s, readers);
  if (!widths) return whole;
  const [q, k] = widths;
  return widths.map((width, i) => ({
    path: path.replace(/qkv_proj$/, `${'qkv'[i]}_proj`),
    offset: [0, q, q + k][i]!,
    width,
  }));
}

function packedWidths(
  y: Value,
  s: Specialised,
  readers: Readers,
): readonly [number, number, number] | null {
  let value: Value | undefined = y;
  while (value) {
    const packed = s.facts.packed.get(value);
    if (packed) return packed;
    const step: ReturnType<typeof onlyReader> = onlyReader(value, readers);
    if (step?.step.op === 'Split') {
      const widths = step.step.outputs.map((o) => elementAt(o.dims, -1));
      return widths.length === 3 ? (widths as [number, number, number]) : null;
    }
    value = step?.step.op === 'Add' ? step.step.outputs[0] : undefined;
  }
  return null;
}

/** The `depth` of each product (`Site.depth`). */
function depthsOf(products: readonly Product[], input: Value): number[] {
  const known = new Map<Value, number>([[input, 0]]);
  const own = new Map<Value, Product>(products.map((p) => [p.y, p]));
  const before = (value: Value): number => {
    let depth = known.get(value);
    if (depth !== undefined) return depth;
    const product = own.get(value);
    const inputs = value.kind === 'computed' ? (value.step?.inputs ?? []) : [];
    depth = product
      ? before(product.x) + 1
      : Math.max(0, ...inputs.map((v) => (v ? before(v) : 0)));
    known.set(value, depth);
    return depth;
  };
  return products.map((p) => before(p.x));
}

/**
 * All modules of the model in index order, the sites of each layer, and the weight of each module.
 */
export function findModules(
  s: Specialised,
  cut: Cut,
): { modules: ModuleInfo[]; layers: LayerSites[]; weights: ModuleWeight[] } {
  const modules: ModuleInfo[] = [];
  const weights: ModuleWeight[] = [];
  const layers = cut.layers.map((layer, number) => {
    const entries = ordered(layer);
    const depths = depthsOf(
      entries.map((e) => e.product),
      layer.input,
    );
    const first = modules.length;
    const taps = new Map<Value, string>();
    const sites = entries.map(({ product, path }, index): Site => {
      if (!taps.has(product.x)) taps.set(product.x, `tap${taps.size}`);
      const parts = partsOf(path, product, s, cut).map((part) => {
        const module = modules.length;
        const { role, group } = roleOf(part.path);
        modules.push({
          index: module,
          path: part.path,
          layer: number,
          role,
          group,
          inFeatures: product.inFeatures,
          outFeatures: part.width,
          format: product.format,
          hasBias: product.bias !== null,
          bytes: Math.round(
            (product.tensors.reduce((n, t) => n + t.bytes.byteLength, 0) * part.width) /
              product.width,
          ),
        });
        weights.push(moduleWeight(product, part));
        const of = (name: string) => `${name}${module - first}`;
        return {
          module,
          offset: part.offset,
          loraA: of('loraA'),
          loraB: of('loraB'),
          scale: of('scale'),
          gradA: of('gradA'),
          gradB: of('gradB'),
        };
      });
      return {
        index,
        depth: depths[index]!,
        grad: `grad${index}`,
        out: `out${index}`,
        tap: defined(taps.get(product.x)),
        width: product.width,
        modules: parts,
      };
    });
    return { sites, products: entries.map((e) => e.product) };
  });
  return { modules, layers, weights };
}

function moduleWeight(product: Product, part: Part): ModuleWeight {
  return {
    format: product.format,
    tensors: product.tensors.map(weightTensor),
    transposed: product.transposed,
    rowOffset: part.offset,
    rows: product.width,
    inFeatures: product.inFeatures,
    outFeatures: part.width,
    bias: product.bias && sliceOf(product.bias, part, product.width),
  };
}

/** The module's part of a bias, with its own name unless it is the whole bias. */
function sliceOf(bias: Tensor, { offset, width }: Part, all: number): WeightTensor {
  if (width === all) return weightTensor(bias);
  const size = bias.bytes.byteLength / all;
  return weightTensor({
    ...bias,
    name: `${bias.name}[${offset}:${offset + width}]`,
    dims: [width],
    bytes: bias.bytes.subarray(offset * size, (offset + width) * size),
  });
}
