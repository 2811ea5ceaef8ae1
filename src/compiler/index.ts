/** The compiler's entry point: compiles an export to a model cut at its residual stream. */
import { defined, elementAt } from '../checked.ts';
import { AtlasError } from '../errors.ts';
import type { Graph } from '../onnx/graph.ts';
import { writeGraph } from '../onnx/write.ts';
import { inKernelForms } from './blocks.ts';
import { blockRequest, segmentRequest, type Cuts } from './block.ts';
import { attentionOf } from './causal.ts';
import type {
  BlockStructure,
  BlockVariant,
  CacheSlot,
  CompiledModel,
  DecodeGraph,
  DecodePart,
  DecodePiece,
  ForwardVariant,
  HeadVariant,
  Piece,
  VocabularyHead,
} from './compiled.ts';
import { cut } from './cut.ts';
import { planPiece, type PieceRequest } from './pieces.ts';
import { onlyReader } from './products.ts';
import { findModules } from './sites.ts';
import { specialise } from './specialise.ts';
import { Clash, type Value } from './value.ts';
import { weightTensor } from './weight-tensor.ts';

/** Batch and length for reading the layout: small and different from each other. */
const LAYOUT = { batch: 2, length: 3 };

const isForward = (variant: BlockVariant): variant is ForwardVariant =>
  variant === 'plain' || variant === 'tapped' || variant === 'opened';

/** Maximum number of cached specialised graphs. Each holds masks of its length. */
const MAX_SPECIALISED = 4;

export interface CompileOptions {
  /**
   * Whether pieces may have inputs of 4-bit numbers (default). If not, backward pieces unpack bytes
   * by table lookup, which is slower.
   */
  uint4?: boolean;
}

/**
 * Compiles a decoder export. Cheap: pieces are built on demand. Throws `not-decoder`, `structure`,
 * `graph-input`, `operator` or `bad-graph`.
 */
export function compile(graph: Graph, options: CompileOptions = {}): CompiledModel {
  return new Compiled(inKernelForms(graph), options);
}

class Compiled implements CompiledModel {
  readonly dialect: CompiledModel['dialect'];
  readonly layers: number;
  readonly hidden: number;
  readonly vocab: number;
  readonly heads: number | null;
  readonly kvHeads: number | null;
  readonly headDim: number | null;
  readonly roundsActivations: boolean;
  readonly maxLength: number;
  readonly modules: CompiledModel['modules'];
  readonly blocks: readonly BlockStructure[];
  readonly head: VocabularyHead;
  readonly lookups: CompiledModel['lookups'];
  readonly graph: Graph;
  private readonly uint4: boolean;
  private readonly weights: ReturnType<CompiledModel['weightOf']>[];
  private readonly cuts = new Map<string, Cuts>();
  private readonly pieces = new Map<string, Piece>();
  private readonly slots = new Map<Piece, readonly CacheSlot[]>();
  private readonly models = new Map<string, { signature: string; model: Uint8Array }>();

  constructor(graph: Graph, { uint4 = true }: CompileOptions) {
    this.graph = graph;
    this.uint4 = uint4;
    const at = this.cutAt(LAYOUT.batch, LAYOUT.length);
    const { s } = at;
    const found = at.cut;
    const attention = attentionOf(s);
    const { modules, layers, weights } = findModules(s, found);
    if (
      attention.kind === 'other' ||
      (attention.kind === 'open' && graph.inputs.some((i) => i.name === 'attention_mask'))
    ) {
      throw new AtlasError('not-decoder', { file: graph.file, why: 'its attention is not causal' });
    }
    this.dialect = found.genai ? 'genai' : 'optimum';
    this.layers = found.layers.length;
    this.hidden = found.hidden;
    this.vocab = found.vocab;
    this.heads = attention.heads;
    this.kvHeads = s.facts.kvHeads;
    this.headDim = s.facts.headDim;
    this.roundsActivations = s.facts.roundsActivations;
    this.maxLength = Math.min(s.facts.maxLength, graph.maxLength ?? Infinity);
    this.modules = modules;
    this.weights = weights;
    this.head = vocabularyHead(at);
    this.lookups = s.lookups.map(({ rows, width, read }, i) => ({
      input: `lookup${i}`,
      source: 'input_ids',
      rows,
      width,
      read,
    }));
    const structures: string[] = [];
    this.blocks = layers.map(({ sites }, layer) => {
      const { signature } = this.plan(() =>
        blockRequest({ graph, cuts: at, number: layer, sites, variant: 'plain' }),
      );
      let structure = structures.indexOf(signature);
      if (structure < 0) structure = structures.push(signature) - 1;
      return { structure, sites };
    });
  }

  embedding(batch: number, length: number): Piece {
    return this.piece(`embedding:${batch}:${length}`, () => {
      const { s, cut } = this.cutAt(batch, length);
      const output = {
        name: 'y',
        value: elementAt(cut.layers, 0).input,
        dims: [batch, length, cut.hidden],
      };
      return {
        opsets: this.graph.opsets,
        inputs: s.lookups.map((l, i) => [`lookup${i}`, l.value]),
        outputs: [output],
      };
    });
  }

  block(layer: number, batch: number, length: number, variant: ForwardVariant): Piece;
  block(
    layer: number,
    batch: number,
    length: number,
    variant: BlockVariant,
  ): Piece | Promise<Piece>;
  block(
    layer: number,
    batch: number,
    length: number,
    variant: BlockVariant,
  ): Piece | Promise<Piece> {
    const { structure, sites } = elementAt(this.blocks, layer);
    const shared = `${structure}:${batch}:${length}:${variant}`;
    const made = (request: (at: Cuts) => PieceRequest) =>
      this.piece(
        `block ${layer}:${batch}:${length}:${variant}`,
        () => request(this.cutAt(batch, length)),
        shared,
      );
    if (isForward(variant))
      return made((at) =>
        blockRequest({ graph: this.graph, cuts: at, number: layer, sites, variant }),
      );
    return import('./backward.ts').then(({ trainingRequest }) =>
      made((at) =>
        trainingRequest(this.graph, at, { number: layer, sites, variant, uint4: this.uint4 }),
      ),
    );
  }

  segment(layer: number, batch: number, length: number, depth: number): Piece {
    const { structure, sites } = elementAt(this.blocks, layer);
    const of = `segment ${depth}:${batch}:${length}`;
    return this.piece(
      `block ${layer} ${of}`,
      () => segmentRequest(this.graph, this.cutAt(batch, length), { number: layer, sites, depth }),
      `${structure} ${of}`,
    );
  }

  headPiece(batch: number, length: number, variant: Exclude<HeadVariant, 'normBackward'>): Piece;
  headPiece(batch: number, length: number, variant: HeadVariant): Piece | Promise<Piece>;
  headPiece(batch: number, length: number, variant: HeadVariant): Piece | Promise<Piece> {
    const made = (request: (at: Cuts) => PieceRequest) =>
      this.piece(`${variant}:${batch}:${length}`, () => request(this.cutAt(batch, length)));
    if (variant === 'normBackward')
      return import('./backward.ts').then(({ normBackwardRequest }) =>
        made((at) => normBackwardRequest(this.graph, at, this.uint4)),
      );
    return made(({ s, cut }) => {
      const output =
        variant === 'logits'
          ? { name: 'logits', value: s.logits, dims: [batch, length, cut.vocab] }
          : { name: 'h', value: cut.head.x, dims: [batch, length, cut.head.inFeatures] };
      return {
        opsets: this.graph.opsets,
        inputs: [['x', elementAt(cut.layers, -1).output]],
        outputs: [output],
      };
    });
  }

  async decode(part: DecodePart, rows: number, capacity: number): Promise<DecodePiece> {
    const { decodeRequest } = await import('./decode.ts');
    const layer = typeof part === 'string' ? null : part.layer;
    const structure = typeof layer === 'number' ? elementAt(this.blocks, layer).structure : '';
    const kind = typeof part === 'string' ? part : part.adapted ? 'adapted' : 'plain';
    const shape = `${kind}:${rows}:${capacity}`;
    let caches: readonly CacheSlot[] = [];
    const piece = this.piece(
      `decode ${layer}:${shape}`,
      () => {
        const made = decodeRequest(this.graph, this.cutAt(1, capacity), {
          part,
          sitesOf: this.sitesOf,
          rows,
        });
        ({ caches } = made);
        return made.request;
      },
      `decode structure ${structure}:${shape}`,
    );
    if (!this.slots.has(piece)) this.slots.set(piece, caches);
    return { ...piece, caches: defined(this.slots.get(piece)) };
  }

  async decoder(adapted: boolean, capacity: number): Promise<DecodeGraph> {
    const { decodeRequest } = await import('./decode.ts');
    const { request, caches } = decodeRequest(this.graph, this.cutAt(1, capacity), {
      part: { layer: 'all', adapted },
      sitesOf: this.sitesOf,
      rows: 1,
    });
    const { graph, inputs, weights } = this.plan(() => request);
    return { graph, inputs, weights, outputs: request.outputs.map((o) => o.name), caches };
  }

  async short(layers: readonly number[]): Promise<Graph> {
    const { shortGraph } = await import('./short.ts');
    return shortGraph(this.graph, this.cutAt(LAYOUT.batch, LAYOUT.length), layers);
  }

  weightOf(module: number): ReturnType<CompiledModel['weightOf']> {
    return elementAt(this.weights, module);
  }

  /** Pieces with the same `shared` key use one model. Their signatures are checked. */
  private piece(key: string, request: () => PieceRequest, shared = key): Piece {
    let piece = this.pieces.get(key);
    if (piece) return piece;
    const { asked, signature, inputs, weights, graph } = this.plan(request);
    let written = this.models.get(shared);
    if (!written) this.models.set(shared, (written = { signature, model: writeGraph(graph) }));
    // Attention windows longer than the layout's length first differ here.
    if (written.signature !== signature)
      throw new AtlasError('operator', {
        where: this.graph.file,
        operator: 'attention windows that differ between layers',
      });
    piece = { model: written.model, weights, inputs, outputs: asked.outputs.map((o) => o.name) };
    this.pieces.set(key, piece);
    return piece;
  }

  private readonly sitesOf = (layer: number): BlockStructure['sites'] =>
    elementAt(this.blocks, layer).sites;

  private plan(request: () => PieceRequest) {
    try {
      const asked = request();
      return { asked, ...planPiece(asked) };
    } catch (e) {
      if (!(e instanceof Clash)) throw e;
      throw new AtlasError('structure', { file: this.graph.file, why: e.message }, { cause: e });
    }
  }

  private cutAt(batch: number, length: number): Cuts {
    if (length > this.maxLength) {
      throw new AtlasError('bad-text', {
        why: `sequences of ${length} tokens, but the model has positions for ${this.maxLength}`,
        remedy: 'Use shorter sequences.',
      });
    }
    const key = `${batch}:${length}`;
    let found = this.cuts.get(key);
    if (!found) {
      const s = specialise(this.graph, batch, length);
      found = { s, cut: cut(this.graph, s) };
      if (this.cuts.size >= MAX_SPECIALISED)
        this.cuts.delete(defined(this.cuts.keys().next().value));
      this.cuts.set(key, found);
    }
    return found;
  }
}

function vocabularyHead({ s, cut }: Cuts): VocabularyHead {
  const { head } = cut;
  // Only the bias and Reshapes may follow the product.
  let end: Value = head.y;
  const skipReshapes = () => {
    for (
      let r = cut.readers.get(end);
      r?.length === 1 && elementAt(r, 0).op === 'Reshape';
      r = cut.readers.get(end)
    )
      end = elementAt(elementAt(r, 0).outputs, 0);
  };
  skipReshapes();
  const after = onlyReader(end, cut.readers);
  if (end !== s.logits && head.bias && after?.step.op === 'Add') {
    end = elementAt(after.step.outputs, 0);
    skipReshapes();
  }
  return {
    vocab: cut.vocab,
    hidden: head.inFeatures,
    format: head.format,
    tensors: head.tensors.map(weightTensor),
    transposed: head.transposed,
    bias: head.bias && weightTensor(head.bias),
    nonlinearAfter: end !== s.logits,
  };
}
