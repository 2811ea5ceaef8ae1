/**
 * Parses the tensor names of adapter_model.safetensors. PEFT writes
 * `base_model.model.<path>.lora_A.weight`. Training scripts may insert the adapter's name or the
 * names of wrapper modules.
 */
import { defined } from '../checked.ts';
import { HEAD_PATH } from '../compiler/modules.ts';
import { AtlasError } from '../errors.ts';
import { quoted } from '../model/json.ts';
import { readSafetensors, type SafetensorsEntry } from '../model/safetensors.ts';
import { listed } from './peft-config.ts';
import { WEIGHTS_FILE } from './peft-files.ts';

export interface Pair {
  A: SafetensorsEntry;
  B: SafetensorsEntry;
}

export interface AdapterWeights {
  /** By module path. */
  pairs: ReadonlyMap<string, Pair>;
  /** The weight of the head itself, saved together with its adapter. */
  ownHead: SafetensorsEntry | null;
  notes: string[];
}

/** torch.compile and FSDP insert these between module names. No real module has such a name. */
const wrappers = ['_orig_mod', '_fsdp_wrapped_module', '_checkpoint_wrapped_module'];
/** DataParallel adds this in front of the model. */
const FRONT = 'module';
const PREFIX = 'base_model.model.';
/**
 * By default PEFT also saves the head's own weight if the head has an adapter. LoRA does not train
 * it.
 */
export const OWN_HEAD = `${HEAD_PATH}.base_layer.weight`;

/** Adapter name that PEFT uses if the tensor names contain none. */
const DEFAULT = 'default';

const bad = (why: string) => new AtlasError('bad-adapter', { file: WEIGHTS_FILE, why });

/**
 * A and B by module path, for the adapter that PEFT would load: the one that is unnamed or named
 * `default`, else the only one. Throws `bad-safetensors`, `bad-adapter`, `adapter-place` and
 * `adapter-embeddings`.
 */
export function readPairs(bytes: Uint8Array): AdapterWeights {
  const byAdapter = new Map<string, Map<string, Partial<Pair>>>();
  const dropped = new Set<string>();
  let ownHead: { name: string; entry: SafetensorsEntry } | null = null;
  for (const [name, entry] of readSafetensors(bytes, WEIGHTS_FILE).tensors) {
    const key = unwrapped(name, dropped);
    if (key === PREFIX + OWN_HEAD) {
      ownHead = { name, entry };
      continue;
    }
    const [, path, letter, adapter = DEFAULT] =
      /^base_model\.model\.(.+)\.lora_([AB])(?:\.([^.]+))?\.weight$/.exec(key) ?? [];
    if (path === undefined) throw noFactor(name, key);
    if (!['F64', 'F32', 'F16', 'BF16'].includes(entry.type))
      throw bad(
        `${quoted(name)} is of type ${entry.type}, not a floating-point number of 16, 32 or 64 bits`,
      );
    let halves = byAdapter.get(adapter);
    if (!halves) byAdapter.set(adapter, (halves = new Map()));
    const pair = halves.get(path) ?? {};
    if (pair[letter as 'A' | 'B']) throw bad(`it has ${defined(letter)} of ${quoted(path)} twice`);
    pair[letter as 'A' | 'B'] = entry;
    halves.set(path, pair);
  }
  const { halves, notes } = chosen(byAdapter);
  for (const [path, { A, B }] of halves)
    if (!A || !B) throw bad(`${quoted(path)} has ${A ? 'A but no B' : 'B but no A'}`);
  if (ownHead) {
    if (!halves.has(HEAD_PATH)) throw wholeWeight(ownHead.name);
    notes.push(
      `PEFT saved the weight of the head with its adapter. This weight is ignored: the head of the open model is used`,
    );
  }
  if (dropped.size > 0)
    notes.push(
      `the training script left ${listed([...dropped])} in the names of the weights. The names are read without it`,
    );
  return { pairs: halves as Map<string, Pair>, ownHead: ownHead && ownHead.entry, notes };
}

function chosen(byAdapter: ReadonlyMap<string, Map<string, Partial<Pair>>>): {
  halves: Map<string, Partial<Pair>>;
  notes: string[];
} {
  const names = [...byAdapter.keys()];
  const main = byAdapter.get(DEFAULT);
  if (main) {
    const others = names.filter((name) => name !== DEFAULT);
    return {
      halves: main,
      notes:
        others.length > 0
          ? [`${WEIGHTS_FILE} also contains other adapters, which are ignored: ${listed(others)}`]
          : [],
    };
  }
  const [name] = names;
  if (name === undefined) throw bad('it contains no weights');
  if (names.length > 1)
    throw bad(`it contains several adapters, ${listed(names)}, and none is called "${DEFAULT}"`);
  return {
    halves: defined(byAdapter.get(name)),
    notes: [`the names of its weights contain the name of an adapter, ${quoted(name)}`],
  };
}

/** Removes the names of wrapper modules from a tensor name and adds them to `dropped`. */
function unwrapped(name: string, dropped: Set<string>): string {
  const parts = name.split('.').filter((part) => {
    if (!wrappers.includes(part)) return true;
    dropped.add(part);
    return false;
  });
  const atFront = (index: number) => {
    while (parts[index] === FRONT) dropped.add(...(parts.splice(index, 1) as [string]));
  };
  atFront(0);
  if (parts[0] === 'base_model' && parts[1] === 'model') atFront(2);
  return parts.join('.');
}

/** Explains, from the name alone, why a tensor is not A or B of a linear layer. */
function noFactor(name: string, key: string): AtlasError {
  if (/\.lora_embedding_[AB](?:$|\.)/.test(key)) return outside(`the embedding (${quoted(name)})`);
  if (/(?:^|\.)(?:embed_tokens|wte|lm_head|embed_out)(?:\.base_layer)?\.weight$/.test(key)) {
    return wholeWeight(name);
  }
  if (!key.startsWith(PREFIX) && /\.lora_[AB]\./.test(key))
    return bad(`${quoted(name)} does not begin with "${PREFIX}"`);
  return bad(`${quoted(name)} is not A or B of a linear layer`);
}

const wholeWeight = (name: string): AtlasError =>
  new AtlasError('adapter-embeddings', { file: WEIGHTS_FILE, what: quoted(name) });

/** Error for an adapter of a module that can't take one here. */
export const outside = (what: string): AtlasError =>
  new AtlasError('adapter-place', { file: WEIGHTS_FILE, what });
