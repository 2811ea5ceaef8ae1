/**
 * Builds the pieces that generate a text a few tokens at a time: embedding, layers that read and
 * extend a KV cache, and the final norm. They derive from the graph specialised to one sequence of
 * the cache's capacity.
 */
import { elementAt } from '../checked.ts';
import type { Graph } from '../onnx/graph.ts';
import { siteAdapters } from './adapters.ts';
import type { Cuts } from './block.ts';
import { Builder } from './builder.ts';
import { adapterInput, type CacheSlot, type DecodePart, type Site } from './compiled.ts';
import type { PieceRequest } from './pieces.ts';
import { RowForm, type Change } from './rows.ts';
import { ordered } from './sites.ts';
import type { Value } from './value.ts';

export interface DecodeRequest {
  request: PieceRequest;
  caches: CacheSlot[];
}

type Input = PieceRequest['inputs'][number];

/** A part, or everything from the lookups to the logits. */
type Part = DecodePart | { layer: 'all'; adapted: boolean };

/** `sitesOf`: the sites of a layer. */
export function decodeRequest(
  graph: Graph,
  { s, cut }: Cuts,
  {
    part,
    sitesOf,
    rows,
  }: { part: Part; sitesOf: (layer: number) => readonly Site[]; rows: number },
): DecodeRequest {
  const b = new Builder(graph.file, 1, rows);
  const span = { rows, capacity: s.length };
  const leaf = (value: Value) =>
    b.leaf({ type: 'float32', dims: [1, rows, elementAt(value.dims, -1)] }, false);
  const piece = ({
    starts,
    to,
    output,
    more = [],
    change,
  }: {
    starts: readonly (readonly [name: string, from: Value])[];
    to: Value;
    output: string;
    more?: readonly Input[];
    change?: Change;
  }): DecodeRequest => {
    const entering = starts.map(([name, from]) => ({ name, from, value: leaf(from) }));
    const form = new RowForm(
      b,
      span,
      entering.map(({ from, value }) => [from, value]),
      change,
    );
    const y = form.of(to);
    const caches = form.caches.map(({ width }, i): CacheSlot => ({
      input: `cache${i}`,
      output: `rows${i}`,
      width,
    }));
    const inputs: Input[] = [
      ...entering.map(({ name, value }): Input => [name, value]),
      ...(form.needsHere ? [['here', form.here] as const] : []),
      ...caches.map(({ input }, i): Input => [input, elementAt(form.caches, i).cache]),
      ...more,
    ];
    const outputs = [
      { name: output, value: y, dims: [1, rows, elementAt(to.dims, -1)] },
      ...caches.map(({ output: name, width }, i) => ({
        name,
        value: elementAt(form.caches, i).rows,
        dims: [rows, width],
      })),
    ];
    return { request: { opsets: graph.opsets, inputs, outputs }, caches };
  };
  const lookups = s.lookups.map(({ value }, i) => [`lookup${i}`, value] as const);
  switch (part) {
    case 'embedding':
      return piece({
        starts: lookups,
        to: elementAt(cut.layers, 0).input,
        output: 'y',
      });
    case 'norm':
      return piece({
        starts: [['x', elementAt(cut.layers, -1).output]],
        to: cut.head.x,
        output: 'h',
      });
  }
  const { layer: number, adapted } = part;
  const whole = number === 'all';
  const ends = whole
    ? { starts: lookups, to: s.logits, output: 'logits' }
    : {
        starts: [['x', elementAt(cut.layers, number).input] as const],
        to: elementAt(cut.layers, number).output,
        output: 'y',
      };
  if (!adapted) return piece(ends);
  const numbers = whole ? [...cut.layers.keys()] : [number];
  const adapters = new Map(
    numbers.flatMap((number) => {
      const sites = sitesOf(number).map((site) => (whole ? named(site, number) : site));
      return ordered(elementAt(cut.layers, number)).map(
        ({ product }, i) =>
          [product.step, siteAdapters(b, elementAt(sites, i), product.inFeatures)] as const,
      );
    }),
  );
  const change: Change = (step, x, y) => adapters.get(step)?.apply(x, y) ?? y;
  return piece({
    ...ends,
    more: [...adapters.values()].flatMap((a) => a.inputs),
    change,
  });
}

/** A site of a layer whose adapter inputs have names of their own in the whole decoder. */
const named = (site: Site, layer: number): Site => ({
  ...site,
  modules: site.modules.map((m) => ({
    ...m,
    loraA: adapterInput(layer, m.loraA),
    loraB: adapterInput(layer, m.loraB),
    scale: adapterInput(layer, m.scale),
  })),
});
