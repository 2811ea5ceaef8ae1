/**
 * Lists every error that a user can see: what happened, then what to do.
 *
 * Code throws `new AtlasError('code', values)`. The page looks up the code in its language
 * (`ui/words`); the command line prints the English sentence from this file. Users see no other
 * error text, so a missing sentence is a bug.
 */

/**
 * Values interpolated into a sentence: file names, counts, operator names. Never user text of more
 * than 200 characters.
 */
export type ErrorValues = Record<string, string | number>;

type Sentence = (v: ErrorValues) => string;

/** English sentences by code, each in the form "what happened. what to do." */
export const errorTable = {
  // --- files and graphs (onnx, compiler) ---
  'not-onnx': (v) =>
    `${v.file} is not an ONNX model (${v.why}). Choose a decoder exported to ONNX.`,
  'cut-off': (v) => `${v.file} ends too early (${v.why}). Download it again.`,
  'external-missing': (v) => `${v.file} needs ${v.part}. Give both together.`,
  'external-bad': (v) =>
    `${v.file} points to its weights in a way that is not allowed (${v.why}). Export it again.`,
  'bad-graph': (v) => `${v.file} is not a valid graph: ${v.why}. Export it again.`,
  operator: (v) =>
    `${v.where} uses "${v.operator}", which is not supported here. Try another export of this model.`,
  'graph-input': (v) =>
    `${v.file} takes an input called "${v.input}", whose meaning is not known here. Try another export of this model.`,
  structure: (v) =>
    `${v.file} is built in a way that is not supported here: ${v.why}. Try another export, or another model.`,
  'not-decoder': (v) =>
    `${v.file} is not a decoder language model: ${v.why}. Choose a causal language model.`,
  // --- repositories, tokenizers, weights (model) ---
  'bad-config': (v) =>
    `${v.file} does not describe this model: ${v.why}. Use the config.json it was exported with.`,
  'bad-tokenizer': (v) =>
    `${v.file} is not a usable tokenizer: ${v.why}. Use the tokenizer.json of this model.`,
  'bad-safetensors': (v) =>
    `${v.file} is not a valid safetensors file: ${v.why}. Download it again.`,
  'part-missing': (v) => `${v.part} is missing beside ${v.file}. Give the whole folder.`,
  'several-graphs': (v) =>
    `${v.file} holds several graphs: ${v.graphs}. Name one of them: the path of its file, or owner/name:PATH on a hub.`,
  'lfs-pointer': (v) =>
    `${v.file} is a Git LFS pointer, not the file that it stands for. Run "git lfs pull" in its folder, then give it again.`,
  'no-file': (v) => `${v.file} cannot be read (${v.why}). Check the name and try again.`,
  'too-long': (v) =>
    `${v.file} is longer than ${v.allowed}, the most that is read of it. Check that it is the right file.`,
  'too-many-files': (v) =>
    `The folder holds more than ${v.most} files. Give the model's own folder.`,
  'hub-missing': (v) =>
    `${v.host} has no ${v.repository} (${v.status}). Check the id, or drop the model's files.`,
  'hub-closed': (v) =>
    `${v.host} gives ${v.repository} only to accounts that accepted its terms. Download it there and drop its files.`,
  offline: (v) =>
    `There is no connection to ${v.host}, or it does not let other pages read. Bundled and kept models still work.`,
  connection: (v) =>
    `The connection to ${v.host} broke at ${v.loaded} of ${v.total} of ${v.file}. Try again: what has arrived is kept where this machine allows it.`,
  'bad-download': (v) =>
    `${v.file} did not arrive from ${v.host} as it should (${v.why}). Try again; if it happens twice, the server has it wrong.`,
  'remote-changed': (v) =>
    `${v.file} changed on ${v.host} while it was fetched. Try again: it is fetched from the beginning.`,
  'kept-damaged': (v) =>
    `What this machine kept of ${v.file} was damaged and has been thrown away. Try again: it is fetched anew.`,
  'remote-file': (v) =>
    `${v.host} does not give ${v.file} (${v.status}). Check the address, or drop the model's files.`,
  'no-room-model': (v) =>
    `There is no room to keep ${v.size} on this machine. The model stays in memory and is fetched again the next time.`,
  'no-bos': () =>
    `A BOS is to stand before every text, but the files of this model name none. Choose "as the tokenizer says" or "none".`,
  'bad-text': (v) => `The text cannot be used: ${v.why}. ${v.remedy}`,
  // --- device and engine ---
  'no-webgpu': () => `This machine has no WebGPU. The CPU is used: everything works, more slowly.`,
  'no-gpu': () =>
    `No GPU was found that WebGPU can use here. Leave --provider webgpu out to compute on the CPU, or install a driver of the GPU (on Linux a Vulkan driver, and libvulkan1) and, for Node, the package webgpu.`,
  'self-test': (v) =>
    `${v.provider} computes wrongly here (error ${v.error}, allowed ${v.allowed}). Choose the other provider.`,
  'too-large': (v) =>
    `Needs ${v.needed}; this device allows ${v.allowed}. Use fewer or shorter sequences, or a q4 file.`,
  'training-too-large': (v) =>
    `A training step of ${v.sequences} x ${v.length} tokens needs ${v.needed} beside the model; this device allows ${v.allowed}. ${Number(v.fit) > 0 ? `Use at most ${v.fit} of these sequences a step.` : 'Use shorter sequences or lower ranks.'}`,
  'pruning-too-large': (v) =>
    `Pruning with ${v.samples} samples of ${v.length} tokens, in steps of ${v.sequences}, needs ${v.needed} beside the model; this device allows ${v.allowed}. ${Number(v.fit) >= 4 ? `Use at most ${v.fit} samples.` : 'Use a smaller model, or shorter sequences.'}`,
  runtime: (v) =>
    `The runtime refused ${v.what}: ${v.why}. Try the other provider or another export.`,
  'float-only': (v) =>
    `The weight of ${v.module} cannot be exchanged while it is quantised. Use the model with float32 layers.`,
  'device-lost': () =>
    `The GPU stopped. Start again to go on from what was kept; if it stops once more, use fewer or shorter sequences, or the CPU.`,
  'worker-died': (v) =>
    `The engine stopped (${v.why}). It starts again by itself; use fewer or shorter sequences if it happens again.`,
  'stuck-reading': (v) =>
    `${v.file} takes too long to read: nothing was heard of it for ${v.seconds} seconds. Choose another model.`,
  'stuck-tokens': (v) =>
    `${v.file} takes too long to cut this text into tokens: nothing was heard of it for ${v.seconds} seconds. A model that comes with the page was opened in its place; choose another.`,
  'stuck-text': (v) =>
    `The text takes too long to cut into tokens: nothing was heard of it for ${v.seconds} seconds. Choose another text.`,
  'missing-part': () =>
    `A part of this page could not be loaded: there is no connection, or a newer version has replaced it. ` +
    `Try again; if that does not help, reload the page.`,
  cancelled: () => `Stopped.`,
  // --- experiments (experiment, cli) ---
  'bad-spec': (v) => `The experiment is not valid at "${v.at}": ${v.why}. Correct that setting.`,
  'bad-link': (v) =>
    `This link is damaged (${v.why}). Ask for it again, or start from the defaults.`,
  'newer-link': (v) =>
    `This link was made by a newer version (${v.version}). Reload the page, then open it again.`,
  'long-link': (v) =>
    `This text is too long for a link (${v.size}; ${v.allowed} fit). Share the link without the text, or export the result file.`,
  'bad-result': (v) => `${v.file} is not a recorded run (at "${v.at}": ${v.why}). Export it again.`,
  'not-finite': (v) =>
    `Shaking ${v.module} gave no finite number. Choose a smaller fixed noise, or the other provider.`,
  'model-not-finite': () =>
    `The model gives no finite numbers on this text. Try the other provider or another export.`,
  'adapter-not-finite': () =>
    `With this adapter the model gives no finite numbers: its weights or its scale are too large. ` +
    `Use another adapter, or a smaller lora_alpha.`,
  diverged: (v) =>
    `At step ${v.step} the loss is no longer a number; the adapters are those of the step before. Lower the learning rate, or clip the gradient's norm lower.`,
  'bad-checkpoint': (v) =>
    `${v.file} cannot be gone on from: ${v.why}. Give the experiment it was made with, or begin anew.`,
  'no-room': (v) =>
    `This browser cannot keep a checkpoint of ${v.size} (${v.why}). The study goes on, but a reload begins it anew; free some storage to keep it.`,
  'bad-adapter': (v) =>
    `${v.file} cannot be read as a LoRA adapter: ${v.why}. Save it again with PEFT.`,
  'adapter-setting': (v) =>
    `${v.file} has a setting that cannot be used: ${v.why}. Correct that setting.`,
  'adapter-pair': (v) =>
    `The two files of this adapter contradict each other: ${v.why}. Give the two that were saved together.`,
  'adapter-values': (v) =>
    `${v.file} holds numbers for ${v.module} that are not finite. Use an earlier checkpoint of it.`,
  'adapter-place': (v) =>
    `${v.file} adapts ${v.what}, but here only linear layers inside the model's layers and lm_head take adapters. Use an adapter trained without it.`,
  'head-not-trained': () =>
    `An adapter of lm_head can be applied, judged and exported here, but not trained. Train with one that leaves lm_head alone.`,
  'head-bent': () =>
    `This adapter changes lm_head, which cannot be applied to a model that changes its logits afterwards (soft-capping). Use an adapter trained without lm_head.`,
  'adapter-embeddings': (v) =>
    `${v.file} brings a whole weight of its own (${v.what}), which is not taken. If it was not trained, save the adapter again with save_embedding_layers=False.`,
  'several-adapters': (v) => `${v.file} holds several adapters: ${v.list}. Give one of them.`,
  'adapter-apart': (v) =>
    `In ${v.file}, ${v.has} lies without ${v.lacks} beside it. ${v.list ? `Give a folder that has both: ${v.list}.` : 'Put the two files of one adapter into one folder.'}`,
  'adapter-pickled': (v) =>
    `${v.file} has its weights in adapter_model.bin, which is not read. Save it again with PEFT, as adapter_model.safetensors.`,
  'adapter-note': (v) => `The adapter was taken in; note: ${v.what}.`,
  'adapter-kind': (v) =>
    `${v.file} asks for more than plain LoRA (${v.what}), which would give other numbers here. Use an adapter trained without it.`,
  'adapter-model': (v) =>
    `${v.file} was made for another model: ${v.why}. Open the model it was trained on.`,
  'no-adapter': () =>
    `There is no adapter to export: every module has rank 0. Give at least one module a rank.`,
  'large-zip': (v) =>
    `${v.file} would hold ${v.size}, more than a zip file can. Save the adapter as a folder on the command line.`,
  'no-base': () =>
    `The pruned or compressed model is not here any more. Press Play to make it again.`,
  'no-importance': (v) => `Ranks cannot be given out: ${v.why}. Use more noise or another text.`,
  singular: (v) =>
    `The weight of ${v.module} ${v.why}, so it has no components to remove. Use another export of this model.`,
  'row-blocks': (v) =>
    `${v.blocks} row blocks do not divide the ${v.rows} rows of ${v.module}. Choose a number that divides them, or k-means.`,
  'bad-task': (v) => `The task cannot be used: ${v.why}. ${v.remedy}`,
  'not-agreed': (v) =>
    `This experiment wants ${v.model} from ${v.host}, which was not asked for anything. Add --yes to fetch it from there, or give a model with --model.`,
  'private-host': (v) =>
    `This experiment wants a model from ${v.host}, which is inside this machine or its network; nothing was asked of it. If you mean it, give the address yourself: --model ${v.address}.`,
  usage: (v) => `${v.why}. Run "rank-atlas --help" for what is possible.`,
} satisfies Record<string, Sentence>;

export type ErrorCode = keyof typeof errorTable;

/** An error with a code, the values of its sentence, and the English sentence as `message`. */
export class AtlasError extends Error {
  readonly code: ErrorCode;
  readonly values: ErrorValues;
  constructor(code: ErrorCode, values: ErrorValues = {}, options?: ErrorOptions) {
    super((errorTable[code] as Sentence)(values), options);
    this.name = 'AtlasError';
    this.code = code;
    this.values = values;
  }
}
