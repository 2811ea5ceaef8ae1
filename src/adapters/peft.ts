/**
 * Exports and imports adapters as PEFT's two files: `adapter_config.json` and
 * `adapter_model.safetensors` (PEFT 0.21; methods.md, "Adapter file formats"; docs/peft.md).
 */
import { defined, elementAt } from '../checked.ts';
import { HEAD_PATH, type AdapterPlace } from '../compiler/modules.ts';
import type { AdapterValues } from '../engine/engine.ts';
import { AtlasError } from '../errors.ts';
import { quoted } from '../model/json.ts';
import {
  toFloat32,
  writeSafetensors,
  type FloatTensor,
  type SafetensorsEntry,
} from '../model/safetensors.ts';
import { listed, readPeftConfig, type PeftConfig } from './peft-config.ts';
import { CONFIG_FILE, WEIGHTS_FILE } from './peft-files.ts';
import { outside, OWN_HEAD, readPairs, type Pair } from './peft-keys.ts';
import { joined, partsOf, split, wholeOf, type Factors } from './peft-packed.ts';

/** What is written. */
export interface PeftExport {
  /** Includes the head if an adapter may apply to it. */
  modules: readonly AdapterPlace[];
  /** Adapters of rank 0 are omitted: PEFT has no such adapter. */
  adapters: readonly AdapterValues[];
  /** `s` of a module, as trained. */
  scale(module: number): number;
  /** Write s as α/√r instead of α/r. The numbers are the same. */
  rsLora?: boolean;
  /** Model name on the Hugging Face Hub, or a folder. PEFT loads the base from it. */
  baseModel: string;
  /** PEFT's name of the task: `CAUSAL_LM` for a decoder. */
  taskType: string;
}

/** GPT-2's Conv1D stores its weight as [in, out]. PEFT needs to know this to merge. */
const conv1d = /(?:^|\.)h\.\d+\.(?:attn|mlp)\.c_(?:attn|proj|fc)$/;

/**
 * Returns the files by name. `target_modules` and both patterns contain full module paths. PEFT
 * sorts the patterns on save and uses the first match, so no pattern may match two modules. Throws
 * `no-adapter`.
 */
export function exportPeft({
  modules,
  adapters,
  scale,
  rsLora = false,
  baseModel,
  taskType,
}: PeftExport): Map<string, Uint8Array<ArrayBuffer>> {
  const entries = adapters
    .filter((a) => a.rank > 0)
    .map((a) => {
      const { path, inFeatures, outFeatures } = elementAt(modules, a.module);
      return {
        ...a,
        path,
        inFeatures,
        outFeatures,
        alpha: scale(a.module) * (rsLora ? Math.sqrt(a.rank) : a.rank),
      };
    });
  // Readers without pattern support allocate buffers of size `r`, so `r` is the largest rank.
  const largest = entries.reduce<(typeof entries)[number] | null>(
    (max, e) => (max && max.rank >= e.rank ? max : e),
    null,
  );
  if (!largest) throw new AtlasError('no-adapter');
  const config = {
    alpha_pattern: Object.fromEntries(entries.map((e) => [e.path, e.alpha])),
    base_model_name_or_path: baseModel,
    bias: 'none',
    fan_in_fan_out: entries.every((e) => conv1d.test(e.path)),
    inference_mode: true,
    init_lora_weights: true,
    lora_alpha: largest.alpha,
    lora_dropout: 0,
    peft_type: 'LORA',
    r: largest.rank,
    rank_pattern: Object.fromEntries(entries.map((e) => [e.path, e.rank])),
    target_modules: entries.map((e) => e.path),
    task_type: taskType,
    use_rslora: rsLora,
  };
  const tensors = new Map<string, FloatTensor>(
    entries.flatMap(
      ({ path, rank, inFeatures, outFeatures, loraA, loraB }): [string, FloatTensor][] => [
        [keyOf(path, 'A'), { shape: [rank, inFeatures], data: loraA }],
        [keyOf(path, 'B'), { shape: [outFeatures, rank], data: loraB }],
      ],
    ),
  );
  return new Map([
    [CONFIG_FILE, new TextEncoder().encode(`${JSON.stringify(config, null, 2)}\n`)],
    [WEIGHTS_FILE, writeSafetensors(tensors, { format: 'pt' })],
  ]);
}

const keyOf = (path: string, letter: 'A' | 'B') => `base_model.model.${path}.lora_${letter}.weight`;

/** What was read. */
export interface PeftImport {
  /** In module order. */
  adapters: AdapterValues[];
  /** `s` of an adapted module, by PEFT's rule. */
  scale(module: number): number;
  rsLora: boolean;
  /** Base model named in the file, unverified. */
  baseModel: string | null;
  /** Remarks on how the files were read, one clause each. Empty for files in PEFT's own form. */
  notes: string[];
}

/**
 * Reads adapters for these modules, including the head if it is one of them. Adapters split from
 * one packed module share one `loraA` array.
 *
 * Throws `bad-adapter` (damaged), `adapter-setting`, `adapter-pair` (the two files contradict each
 * other), `adapter-values` (not finite), `adapter-kind` (more than plain LoRA), `adapter-place`
 * (not a linear layer of a layer, nor the head), `adapter-embeddings` (whole weights in the file),
 * `adapter-model` (for another model) or `bad-safetensors`.
 */
export function importPeft(
  configBytes: Uint8Array,
  weightBytes: Uint8Array,
  modules: readonly AdapterPlace[],
): PeftImport {
  const config = readPeftConfig(configBytes);
  const { pairs, ownHead, notes } = readPairs(weightBytes);
  const known = new Map(modules.map((m) => [m.path, m]));
  const plan = placesOf([...pairs.keys()], known);
  for (const module of modules) checkTargets(module.path, config, pairs);
  if (ownHead) checkOwnHead(ownHead, defined(known.get(HEAD_PATH)));

  const scales = new Map<number, number>();
  const adapters: AdapterValues[] = [];
  for (const { module, factors } of fitted(plan, known, (path) =>
    factorsOf(path, defined(pairs.get(path)), config),
  )) {
    const { index } = module;
    const { rank, a, b, scale } = factors;
    if (!Number.isFinite(Math.fround(scale)))
      throw new AtlasError('adapter-setting', {
        file: CONFIG_FILE,
        why: `the scale of ${quoted(module.path)} would be ${scale}`,
      });
    scales.set(index, scale);
    adapters.push({ module: index, rank, loraA: a, loraB: b });
  }
  adapters.sort((x, y) => x.module - y.module);
  return {
    adapters,
    scale: (module) => defined(scales.get(module)),
    rsLora: config.rsLora,
    baseModel: config.baseModel,
    notes: [...notes, ...config.notes([...pairs.keys()]), ...packedNotes(plan)],
  };
}

const bad = (why: string) => new AtlasError('bad-adapter', { file: WEIGHTS_FILE, why });
const contradiction = (why: string) => new AtlasError('adapter-pair', { why });
const ofAnotherModel = (why: string) =>
  new AtlasError('adapter-model', { file: WEIGHTS_FILE, why });

/**
 * Where an adapter of the file applies: to its own module, to the parts of a packed module, or,
 * joined with others, to a packed module.
 */
type Place =
  | { kind: 'own' | 'parted'; path: string }
  | { kind: 'packed'; whole: string; paths: (string | null)[] };

/**
 * Throws `adapter-model` if a path is not a module of the model, and `adapter-place` if it is
 * outside the layers.
 */
function placesOf(paths: readonly string[], known: ReadonlyMap<string, AdapterPlace>): Place[] {
  const places: Place[] = [];
  const taken = new Set<string>();
  const packed = new Map<string, (string | null)[]>();
  const take = (module: string) => {
    if (taken.has(module))
      throw contradiction(`they adapt ${quoted(module)} twice, packed and separately`);
    taken.add(module);
  };
  for (const path of paths) {
    const parts = partsOf(path);
    const whole = wholeOf(path);
    if (known.has(path)) {
      take(path);
      places.push({ kind: 'own', path });
    } else if (parts?.every((part) => known.has(part))) {
      parts.forEach(take);
      places.push({ kind: 'parted', path });
    } else if (whole !== null && known.has(whole)) {
      const group = packed.get(whole) ?? defined(partsOf(whole)).map(() => null);
      group[defined(partsOf(whole)).indexOf(path)] = path;
      packed.set(whole, group);
    } else if (!/(?:^|\.)\d+\./.test(path)) throw outside(quoted(path));
    else throw ofAnotherModel(`it adapts ${quoted(path)}, which the open model does not have`);
  }
  for (const [whole, group] of packed) {
    take(whole);
    places.push({ kind: 'packed', whole, paths: group });
  }
  return places;
}

/** Throws `adapter-pair` if the config targets a module, packed or separate, without weights. */
function checkTargets(path: string, config: PeftConfig, pairs: ReadonlyMap<string, Pair>): void {
  if (!config.targetsNamed || pairs.has(path)) return;
  const whole = wholeOf(path);
  const parts = partsOf(path) ?? [];
  if (whole !== null && pairs.has(whole)) return;
  // `all-linear` matches the packed module and its parts. If one part has weights, every targeted
  // part must have weights.
  const names = parts.some((part) => pairs.has(part))
    ? parts.filter((part) => !pairs.has(part))
    : [path, ...parts, ...(whole === null ? [] : [whole])];
  const missing = names.find((name) => config.targets(name));
  if (missing !== undefined)
    throw contradiction(
      `the weights contain nothing for ${quoted(missing)}, which ${CONFIG_FILE} names`,
    );
}

/** Throws `adapter-model` if the head has another size, for example after tokens were added. */
function checkOwnHead(
  { shape }: SafetensorsEntry,
  { inFeatures, outFeatures }: AdapterPlace,
): void {
  if (shape.length === 2 && shape[0] === outFeatures && shape[1] === inFeatures) return;
  throw ofAnotherModel(
    `its ${quoted(OWN_HEAD)} is [${shape.join(', ')}], but the head of the open model is [${outFeatures}, ${inFeatures}]`,
  );
}

function* fitted(
  plan: readonly Place[],
  known: ReadonlyMap<string, AdapterPlace>,
  factors: (path: string) => Factors,
): Generator<{ module: AdapterPlace; factors: Factors }> {
  for (const place of plan) {
    if (place.kind === 'packed') {
      const module = defined(known.get(place.whole));
      const parts = place.paths.map((path) => (path === null ? null : factors(path)));
      const whole = joined(parts, module.outFeatures);
      if (!whole || whole.columns !== module.inFeatures)
        throw otherWidths(
          defined(place.paths.find((path) => path !== null)),
          defined(parts.find((p) => p !== null)),
          module,
        );
      yield { module, factors: whole };
      continue;
    }
    const targets = place.kind === 'own' ? [place.path] : defined(partsOf(place.path));
    const own = factors(place.path);
    const cut = split(
      own,
      targets.map((path) => defined(known.get(path)).outFeatures),
    );
    for (const [i, path] of targets.entries()) {
      const module = defined(known.get(path));
      if (!cut || own.columns !== module.inFeatures) throw otherWidths(place.path, own, module);
      yield { module, factors: elementAt(cut, i) };
    }
  }
}

const otherWidths = (
  path: string,
  { rows, columns }: Factors,
  { path: own, inFeatures, outFeatures }: AdapterPlace,
) =>
  ofAnotherModel(
    `its ${quoted(path)} maps ${columns} features to ${rows}, but ${path === own ? 'that' : quoted(own)} of the open model maps ${inFeatures} to ${outFeatures}`,
  );

/** The factors that PEFT would use: numbers from the weights, scale from the config. */
function factorsOf(path: string, { A, B }: Pair, config: PeftConfig): Factors {
  const [rank, columns] = A.shape;
  const [rows, rankOfB] = B.shape;
  const list = (shape: readonly number[]) => `[${shape.join(', ')}]`;
  if (A.shape.length !== 2 || B.shape.length !== 2 || rank !== rankOfB)
    throw bad(`A ${list(A.shape)} and B ${list(B.shape)} of ${quoted(path)} do not match`);
  if (!config.targets(path))
    throw contradiction(`the weights adapt ${quoted(path)}, which ${CONFIG_FILE} does not name`);
  const configured = config.rankOf(path);
  if (rank !== configured)
    throw contradiction(
      `${quoted(path)} has rank ${rank} in the weights, but ${configured} in ${CONFIG_FILE}`,
    );
  const scale = config.alphaOf(path) / (config.rsLora ? Math.sqrt(configured) : configured);
  return {
    rank: configured,
    rows: defined(rows),
    columns: defined(columns),
    a: numbers(A, path),
    b: numbers(B, path),
    scale,
  };
}

function numbers(entry: SafetensorsEntry, path: string): Float32Array {
  const data = toFloat32(entry);
  if (!data.every(Number.isFinite))
    throw new AtlasError('adapter-values', { file: WEIGHTS_FILE, module: quoted(path) });
  return data;
}

function packedNotes(plan: readonly Place[]): string[] {
  const parted = plan.flatMap((p) => (p.kind === 'parted' ? [p.path] : []));
  const packed = plan.flatMap((p) => (p.kind === 'packed' ? [p.whole] : []));
  return [
    ...(parted.length > 0
      ? [`the packed ${listed(parted, 1)} is split, because this export has separate modules`]
      : []),
    ...(packed.length > 0
      ? [`separate adapters are packed, because this export packs ${listed(packed, 1)}`]
      : []),
  ];
}
