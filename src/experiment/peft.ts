/**
 * Adapters as PEFT's two files, out and in: `adapter_config.json` and `adapter_model.safetensors` (PEFT 0.21; methods.md,
 * "Adapter file formats"; docs/peft.md).
 */
import type { ModuleInfo } from '../compiler/modules.ts';
import type { AdapterValues } from '../engine/engine.ts';
import { AtlasError } from '../errors.ts';
import { readSafetensors, toFloat32, writeSafetensors, type FloatTensor, type SafetensorsEntry } from '../model/safetensors.ts';
import { CONFIG_FILE, readPeftConfig } from './peft-config.ts';

export const WEIGHTS_FILE = 'adapter_model.safetensors';

export interface PeftExport {
  modules: readonly ModuleInfo[];
  /** Those of rank 0 are left out: PEFT knows no such adapter. */
  adapters: readonly AdapterValues[];
  /** `s` of a module, as trained. */
  scale(module: number): number;
  /** Write s as α/√r instead of α/r. The numbers are the same. */
  rsLora?: boolean;
  /** Name of the model on the Hugging Face hub, or a folder; PEFT loads it from there. */
  baseModel: string;
  /** PEFT's name of the task: `CAUSAL_LM` for a decoder. */
  taskType: string;
}

/** GPT-2's Conv1D keeps its weight as [in, out]; PEFT has to know when it merges. */
const conv1d = /(?:^|\.)h\.\d+\.(?:attn|mlp)\.c_(?:attn|proj|fc)$/;

/**
 * The files by name. Every module is named by its full path, in `target_modules` and in both patterns: PEFT sorts the patterns
 * when it saves and takes the first that matches, so none may match two modules. Throws `no-adapter`.
 */
export function exportPeft({ modules, adapters, scale, rsLora = false, baseModel, taskType }: PeftExport): Map<string, Uint8Array<ArrayBuffer>> {
  const entries = adapters.filter((a) => a.rank > 0).map((a) => {
    const { path, inFeatures, outFeatures } = modules[a.module]!;
    return { ...a, path, inFeatures, outFeatures, alpha: scale(a.module) * (rsLora ? Math.sqrt(a.rank) : a.rank) };
  });
  // Readers that know no patterns size their buffers by `r`: the largest rank.
  const largest = entries.reduce<(typeof entries)[number] | null>((most, e) => (most && most.rank >= e.rank ? most : e), null);
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
  const tensors = new Map<string, FloatTensor>(entries.flatMap(({ path, rank, inFeatures, outFeatures, loraA, loraB }): [string, FloatTensor][] => [
    [keyOf(path, 'A'), { shape: [rank, inFeatures], data: loraA }],
    [keyOf(path, 'B'), { shape: [outFeatures, rank], data: loraB }],
  ]));
  return new Map([
    [CONFIG_FILE, new TextEncoder().encode(`${JSON.stringify(config, null, 2)}\n`)],
    [WEIGHTS_FILE, writeSafetensors(tensors, { format: 'pt' })],
  ]);
}

const keyOf = (path: string, letter: 'A' | 'B') => `base_model.model.${path}.lora_${letter}.weight`;

export interface PeftImport {
  /** In the order of the modules. */
  adapters: AdapterValues[];
  /** `s` of an adapted module, by PEFT's rule. */
  scale(module: number): number;
  rsLora: boolean;
  /** What the file says it was trained on. */
  baseModel: string | null;
}

/**
 * Adapters for these modules. Throws `bad-adapter` (a damaged or contradictory pair of files), `adapter-kind` (more than plain
 * LoRA), `adapter-model` (made for another model) or `bad-safetensors`.
 */
export function importPeft(configBytes: Uint8Array, weightBytes: Uint8Array, modules: readonly ModuleInfo[]): PeftImport {
  const config = readPeftConfig(configBytes), pairs = readPairs(weightBytes);
  const known = new Set(modules.map((m) => m.path)), stranger = [...pairs.keys()].find((path) => !known.has(path));
  if (stranger !== undefined) throw ofAnotherModel(`it adapts "${stranger.slice(0, 100)}", which the open model does not have`);

  const scales = new Map<number, number>();
  const adapters = modules.flatMap((module): AdapterValues[] => {
    const { index, path } = module, pair = pairs.get(path), targeted = config.targets(path);
    if (!pair && !targeted) return [];
    if (!pair) throw bad(`it has no weights for "${path}", which ${CONFIG_FILE} names`);
    if (!targeted) throw bad(`it has weights for "${path}", which ${CONFIG_FILE} does not name`);
    const values = valuesOf(module, pair), rank = config.rankOf(path);
    if (values.rank !== rank) throw bad(`"${path}" has rank ${values.rank}, but ${rank} in ${CONFIG_FILE}`);
    scales.set(index, config.alphaOf(path) / (config.rsLora ? Math.sqrt(rank) : rank));
    return [values];
  });
  return { adapters, scale: (module) => scales.get(module)!, rsLora: config.rsLora, baseModel: config.baseModel };
}

const bad = (why: string) => new AtlasError('bad-adapter', { file: WEIGHTS_FILE, why });
const ofAnotherModel = (why: string) => new AtlasError('adapter-model', { file: WEIGHTS_FILE, why });

interface Pair { A: SafetensorsEntry; B: SafetensorsEntry }

/** A and B by module path. */
function readPairs(bytes: Uint8Array): ReadonlyMap<string, Pair> {
  const halves = new Map<string, Partial<Pair>>();
  for (const [name, entry] of readSafetensors(bytes, WEIGHTS_FILE).tensors) {
    const [, path, letter] = /^base_model\.model\.(.+)\.lora_([AB])\.weight$/.exec(name) ?? [];
    if (path === undefined) throw bad(`"${name.slice(0, 100)}" in it is no A or B of a linear layer`);
    if (!['F32', 'F16', 'BF16'].includes(entry.type)) throw bad(`"${name.slice(0, 100)}" is of type ${entry.type}, not float32, float16 or bfloat16`);
    halves.set(path, { ...halves.get(path), [letter as 'A' | 'B']: entry });
  }
  if (halves.size === 0) throw bad('it holds no weights');
  for (const [path, { A, B }] of halves) if (!A || !B) throw bad(`"${path.slice(0, 100)}" has ${A ? 'A but no B' : 'B but no A'}`);
  return halves as Map<string, Pair>;
}

function valuesOf({ index, path, inFeatures, outFeatures }: ModuleInfo, { A, B }: Pair): AdapterValues {
  const [rank, columns] = A.shape, [rows, rankOfB] = B.shape, list = (shape: readonly number[]) => `[${shape.join(', ')}]`;
  if (A.shape.length !== 2 || B.shape.length !== 2 || rank !== rankOfB) throw bad(`A ${list(A.shape)} and B ${list(B.shape)} of "${path}" do not fit together`);
  if (columns !== inFeatures || rows !== outFeatures) {
    throw ofAnotherModel(`its "${path}" takes ${columns} numbers to ${rows}, that of the open model ${inFeatures} to ${outFeatures}`);
  }
  const [loraA, loraB] = [A, B].map((entry) => {
    const data = toFloat32(entry);
    if (!data.every(Number.isFinite)) throw bad(`the weights of "${path}" are not all finite numbers`);
    return data;
  }) as [Float32Array, Float32Array];
  return { module: index, rank: rank!, loraA, loraB };
}
