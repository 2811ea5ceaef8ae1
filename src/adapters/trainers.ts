/**
 * Scripts and configurations that train adapters at given ranks with PEFT, TRL, axolotl and
 * LLaMA-Factory. Each library's own parser has read them (`tools/trainers/`, docs/peft.md).
 */

/** A module's path in the PyTorch model, and the rank of its adapter. */
export interface ModuleRank {
  path: string;
  rank: number;
}

export const TRAINERS = ['peft', 'trl', 'axolotl', 'llama-factory'] as const;
export type Trainer = (typeof TRAINERS)[number];

/** The scale of every adapter here, at every rank (methods.md §1). PEFT computes it as α/r. */
const SCALE = 2;

/** The adapter folder that the PEFT script saves. */
const FOLDER = 'rank-atlas-adapter';

interface Script {
  file: string;
  /** `ranks`: at least one, all above 0. */
  write(ranks: readonly ModuleRank[]): string;
}

/**
 * Returns the file of a trainer; null if no module has a rank. PEFT rejects rank 0, so these
 * modules are omitted. MODEL and DATA are placeholders for the reader's names.
 */
export function trainerFile(
  trainer: Trainer,
  ranks: readonly ModuleRank[],
): { file: string; text: string } | null {
  const adapted = ranks.filter(({ rank }) => rank > 0);
  if (adapted.length === 0) return null;
  const { file, write } = scripts[trainer];
  return { file, text: write(adapted) };
}

const table = (ranks: readonly ModuleRank[], line: (path: string, rank: number) => string) =>
  ranks.map(({ path, rank }) => line(path, rank)).join('\n');

const loraConfig = (ranks: readonly ModuleRank[]) => `ranks = {
${table(ranks, (path, rank) => `    ${JSON.stringify(path)}: ${rank},`)}
}
config = LoraConfig(
    task_type="CAUSAL_LM",
    target_modules=list(ranks),
    rank_pattern=ranks,
    # alpha / rank is the scale, ${SCALE} at every rank.
    alpha_pattern={path: ${SCALE} * rank for path, rank in ranks.items()},
)
`;

const peft = (ranks: readonly ModuleRank[]) => `from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

${loraConfig(ranks)}
model = get_peft_model(AutoModelForCausalLM.from_pretrained("MODEL"), config)
model.print_trainable_parameters()
# New adapters change nothing before training: B is zero.
model.save_pretrained("${FOLDER}")
`;

const trl = (ranks: readonly ModuleRank[]) => `from datasets import load_dataset
from peft import LoraConfig
from trl import SFTConfig, SFTTrainer

${loraConfig(ranks)}
trainer = SFTTrainer(
    model="MODEL",
    args=SFTConfig(output_dir="adapter"),
    train_dataset=load_dataset("text", data_files="DATA.txt", split="train"),
    peft_config=config,
)
trainer.train()
`;

/** `lora_r` and `lora_alpha` are required, but every module has an entry in both patterns. */
const axolotl = (ranks: readonly ModuleRank[]) => `base_model: MODEL
adapter: lora
lora_r: 8
lora_alpha: ${SCALE * 8}
lora_dropout: 0.0
lora_target_modules:
${table(ranks, (path) => `  - ${path}`)}
lora_rank_pattern:
${table(ranks, (path, rank) => `  ${path}: ${rank}`)}
lora_alpha_pattern:
${table(ranks, (path, rank) => `  ${path}: ${SCALE * rank}`)}
datasets:
  - path: DATA.jsonl
    type: completion
sequence_len: 512
micro_batch_size: 1
gradient_accumulation_steps: 1
num_epochs: 1
learning_rate: 0.0002
optimizer: adamw_torch
lr_scheduler: constant
output_dir: adapter
`;

/** LLaMA-Factory has no setting for rank patterns, but trains a saved adapter further. */
const llamaFactory = () => `# Run the PEFT script first: it saves the new adapter ${FOLDER}.
model_name_or_path: MODEL
adapter_name_or_path: ${FOLDER}
stage: pt
do_train: true
finetuning_type: lora
dataset: DATA
cutoff_len: 512
per_device_train_batch_size: 1
gradient_accumulation_steps: 1
num_train_epochs: 1.0
learning_rate: 2.0e-4
output_dir: adapter
`;

const scripts: Record<Trainer, Script> = {
  peft: { file: 'rank-atlas-peft.py', write: peft },
  trl: { file: 'rank-atlas-trl.py', write: trl },
  axolotl: { file: 'rank-atlas-axolotl.yaml', write: axolotl },
  'llama-factory': { file: 'rank-atlas-llama-factory.yaml', write: llamaFactory },
};
