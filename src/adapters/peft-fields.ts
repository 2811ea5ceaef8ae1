/**
 * Lists every field of PEFT's `LoraConfig` (0.21, inherited fields included). A field is read, or
 * ignored because it has no effect on a trained adapter, or refused by name if set.
 */

export type FieldUse =
  /** Read by `peft-config.ts`. */
  | { use: 'read' }
  /** Describes how the adapter was initialised, trained, saved or loaded. */
  | { use: 'passed' }
  /** If `isSet` holds, plain LoRA would give different numbers. */
  | { use: 'refused'; isSet(value: unknown): boolean };

/** Python's `bool(value)` of a JSON value. */
export function isTrue(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}

/**
 * Initialisations that leave the base weights unchanged. PiSSA, OLoRA, CorDA, LoftQ and LoRA-GA
 * change them.
 */
const harmlessInits: readonly unknown[] = ['eva', 'orthogonal', 'mica', 'gaussian'];

function changesBase(init: unknown): boolean {
  if (init === true || !isTrue(init)) return false;
  return typeof init !== 'string' || !harmlessInits.includes(init.toLowerCase());
}

const read: FieldUse = { use: 'read' };
const passed: FieldUse = { use: 'passed' };
const unlessFalse: FieldUse = { use: 'refused', isSet: isTrue };
/** PEFT converts these to config objects. An object is truthy in Python, even from `{}`. */
const unlessNull: FieldUse = {
  use: 'refused',
  isSet: (value) => isTrue(value) || (typeof value === 'object' && value !== null),
};

export const loraFields: Readonly<Record<string, FieldUse>> = {
  alora_invocation_tokens: unlessFalse,
  alpha_pattern: read,
  arrow_config: unlessNull,
  auto_mapping: passed,
  base_model_name_or_path: read,
  bias: { use: 'refused', isSet: (value) => value !== 'none' && value !== null },
  corda_config: passed,
  ensure_weight_tying: passed,
  eva_config: passed,
  exclude_modules: read,
  fan_in_fan_out: passed,
  inference_mode: passed,
  init_lora_weights: { use: 'refused', isSet: changesBase },
  kasa_config: unlessNull,
  layer_replication: unlessFalse,
  layers_pattern: read,
  layers_to_transform: read,
  loftq_config: passed,
  lora_alpha: read,
  lora_bias: unlessFalse,
  lora_dropout: passed,
  lora_ga_config: passed,
  megatron_config: unlessFalse,
  megatron_core: passed,
  modules_to_save: unlessFalse,
  monteclora_config: unlessNull,
  peft_type: read,
  peft_version: passed,
  qalora_group_size: passed,
  r: read,
  rank_pattern: read,
  revision: passed,
  runtime_config: passed,
  target_modules: read,
  target_parameters: unlessFalse,
  task_type: passed,
  trainable_token_indices: unlessFalse,
  use_bdlora: unlessNull,
  use_dora: unlessFalse,
  use_qalora: unlessFalse,
  use_rslora: read,
  velora_config: unlessNull,
};
