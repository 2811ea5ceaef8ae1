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
  'external-missing': (v) => `${v.file} needs ${v.part}. Provide both files together.`,
  'external-bad': (v) =>
    `${v.file} has an invalid reference to its external weights (${v.why}). Export it again.`,
  'bad-graph': (v) => `${v.file} is not a valid graph: ${v.why}. Export it again.`,
  operator: (v) =>
    `${v.where} uses "${v.operator}", which is not supported. Try another export of this model.`,
  'graph-input': (v) =>
    `${v.file} has an unknown input, "${v.input}". Try another export of this model.`,
  structure: (v) =>
    `The structure of ${v.file} is not supported: ${v.why}. Try another export or another model.`,
  'not-decoder': (v) =>
    `${v.file} is not a decoder language model: ${v.why}. Choose a causal language model.`,
  // --- repositories, tokenizers, weights (model) ---
  'bad-config': (v) =>
    `${v.file} does not describe this model: ${v.why}. Use the config.json of this export.`,
  'bad-tokenizer': (v) =>
    `${v.file} is not a usable tokenizer: ${v.why}. Use the tokenizer.json of this model.`,
  'bad-safetensors': (v) =>
    `${v.file} is not a valid safetensors file: ${v.why}. Download it again.`,
  'part-missing': (v) => `${v.file} needs ${v.part}, which is missing. Provide the whole folder.`,
  'several-graphs': (v) =>
    `${v.file} contains several graphs: ${v.graphs}. Name one of them by its file path, or as owner/name:PATH on a hub.`,
  'lfs-pointer': (v) =>
    `${v.file} is a Git LFS pointer, not the file itself. Run "git lfs pull" in its folder, then try again.`,
  'no-file': (v) => `${v.file} cannot be read (${v.why}). Check the name and try again.`,
  'too-long': (v) =>
    `${v.file} is larger than the limit of ${v.allowed}. Check that it is the right file.`,
  'too-many-files': (v) =>
    `The folder contains more than ${v.max} files. Choose the model's own folder.`,
  'hub-missing': (v) =>
    `${v.host} has no ${v.repository} (${v.status}). Check the id, or use local files.`,
  'hub-closed': (v) =>
    `${v.host} requires an account that accepted the terms of ${v.repository}. Download the model there and use the local files.`,
  offline: (v) =>
    `${v.host} is unreachable or blocks requests from other sites. Bundled and cached models still work.`,
  connection: (v) =>
    `The connection to ${v.host} broke after ${v.loaded} of ${v.total} of ${v.file}. Try again. If this device could cache the first part, the download resumes.`,
  'bad-download': (v) =>
    `The download of ${v.file} from ${v.host} is not valid (${v.why}). Try again. If it fails twice, the server is at fault.`,
  'remote-changed': (v) =>
    `${v.file} changed on ${v.host} during the download. Try again to download it from the start.`,
  'kept-damaged': (v) =>
    `The cached copy of ${v.file} was damaged and has been deleted. Try again to download it.`,
  'remote-file': (v) =>
    `${v.host} does not provide ${v.file} (${v.status}). Check the address, or use local files.`,
  'no-room-model': (v) =>
    `This device has no space to cache ${v.size}. The model stays in memory and is downloaded again next time.`,
  'no-bos': () =>
    `A BOS token is required before every text, but the files of this model define none. Choose "as the tokenizer says" or "none".`,
  'bad-text': (v) => `The text cannot be used: ${v.why}. ${v.remedy}`,
  // --- device and engine ---
  'no-webgpu': () =>
    `WebGPU is not available on this device. The CPU is used instead: everything works, but more slowly.`,
  // `option`: the command line's option that selected WebGPU; absent in the library.
  'no-gpu': (v) =>
    `WebGPU found no usable GPU. ${
      v.option
        ? `Omit ${v.option} to compute on the CPU, or install a GPU driver (on Linux a Vulkan driver and libvulkan1) and, for Node, the package webgpu.`
        : `Open the model with the provider "wasm" to compute on the CPU. WebGPU needs a GPU driver (on Linux a Vulkan driver and libvulkan1), and a browser that supports it or, in Node, the package webgpu.`
    }`,
  'no-native': (v) =>
    `The native runtime cannot be used: ${v.why}. ${v.remedy} The provider "wasm" computes the same numbers.`,
  'self-test': (v) =>
    `${v.provider} gives wrong results on this device (error ${v.error}, allowed ${v.allowed}). Choose the other provider.`,
  'too-large': (v) =>
    `This needs ${v.needed} of memory, but the limit is ${v.allowed}. Use fewer or shorter sequences, or a q4 file.`,
  'training-too-large': (v) =>
    `A training step of ${v.sequences} x ${v.length} tokens needs ${v.needed} in addition to the model, but the limit is ${v.allowed}. ${Number(v.fit) > 0 ? `Use at most ${v.fit} sequences of this length per step.` : 'Use shorter sequences or lower ranks.'}`,
  'pruning-too-large': (v) =>
    `Pruning with ${v.samples} samples of ${v.length} tokens, in steps of ${v.sequences}, needs ${v.needed} in addition to the model, but the limit is ${v.allowed}. ${Number(v.fit) >= 4 ? `Use at most ${v.fit} samples.` : 'Use a smaller model, or shorter sequences.'}`,
  runtime: (v) =>
    `The runtime refused ${v.what}: ${v.why}. Try the other provider or another export.`,
  'float-only': (v) =>
    `The weight of ${v.module} is quantised and cannot be replaced. Use the model with float32 layers.`,
  'device-lost': () =>
    `The GPU stopped. Start again to resume. If it stops again, use fewer or shorter sequences, or the CPU.`,
  'worker-died': (v) =>
    `The engine stopped (${v.why}) and restarts automatically. If it stops again, use fewer or shorter sequences.`,
  'stuck-reading': (v) =>
    `${v.file} takes too long to read: no response for ${v.seconds} seconds. Choose another model.`,
  'stuck-tokens': (v) =>
    `${v.file} takes too long to tokenise this text: no response for ${v.seconds} seconds. A bundled model was opened instead. Choose another model.`,
  'stuck-text': (v) =>
    `The text takes too long to tokenise: no response for ${v.seconds} seconds. Choose another text.`,
  'missing-part': () =>
    `Part of this page failed to load: there is no connection, or a newer version has replaced it. ` +
    `Try again. If that fails, reload the page.`,
  cancelled: () => `Stopped.`,
  disposed: () => `The model was disposed and can no longer compute. Open it again.`,
  // --- experiments (experiment, cli), arguments (library) ---
  'bad-spec': (v) => `The experiment is not valid at "${v.at}": ${v.why}. Correct that setting.`,
  'bad-argument': (v) => `"${v.at}" is not valid: ${v.why}. Correct that argument.`,
  'bad-link': (v) =>
    `This link is damaged (${v.why}). Get the link again, or start from the defaults.`,
  'newer-link': (v) =>
    `A newer version (${v.version}) made this link. Reload the page, then open the link again.`,
  'long-link': (v) =>
    `This text is too long for a link (${v.size}, limit ${v.allowed}). Share the link without the text, or export the result file.`,
  'bad-result': (v) => `${v.file} is not a recorded run (at "${v.at}": ${v.why}). Export it again.`,
  'not-finite': (v) =>
    `Perturbing ${v.module} gave values that are not finite. Choose a smaller fixed noise, or the other provider.`,
  'model-not-finite': () =>
    `The outputs of the model on this text are not finite. Try the other provider or another export.`,
  'adapter-not-finite': () =>
    `With this adapter, the outputs of the model are not finite: the weights or scale of the adapter are too large. ` +
    `Use another adapter, or a smaller lora_alpha.`,
  diverged: (v) =>
    `At step ${v.step} the loss or its gradient is no longer finite. The adapters are from the previous step. Lower the learning rate or the gradient norm limit.`,
  'bad-checkpoint': (v) =>
    `Can't resume from ${v.file} (${v.why}). Use the experiment that saved it, or start again.`,
  'no-room': (v) =>
    `This browser cannot save a checkpoint of ${v.size} (${v.why}). The study continues, but a reload starts it again. Free some storage to save the checkpoint.`,
  'bad-adapter': (v) =>
    `${v.file} cannot be read as a LoRA adapter: ${v.why}. Save it again with PEFT.`,
  'adapter-setting': (v) => `${v.file} has an unusable setting: ${v.why}. Correct that setting.`,
  'adapter-pair': (v) =>
    `The two files of this adapter contradict each other: ${v.why}. Use two files that were saved together.`,
  'adapter-values': (v) =>
    `${v.file} has values for ${v.module} that are not finite. Use an earlier checkpoint of the adapter.`,
  'adapter-place': (v) =>
    `${v.file} adapts ${v.what}, but only lm_head and the linear layers inside the model's layers can take adapters. Use an adapter trained without it.`,
  'head-not-trained': () =>
    `An adapter of lm_head can be applied, evaluated and exported, but not trained. Use an adapter without lm_head.`,
  'head-bent': () =>
    `This adapter changes lm_head, but this model changes its logits after lm_head (soft-capping), so the adapter cannot be applied. Use an adapter trained without lm_head.`,
  'adapter-embeddings': (v) =>
    `${v.file} contains a full weight (${v.what}), which is not supported. If that weight was not trained, save the adapter again with save_embedding_layers=False.`,
  'several-adapters': (v) => `${v.file} contains several adapters: ${v.list}. Choose one of them.`,
  'adapter-apart': (v) =>
    `${v.file} contains ${v.has} without ${v.lacks} in the same folder. ${v.list ? `Choose a folder that has both: ${v.list}.` : 'Put the two files of one adapter into one folder.'}`,
  'adapter-pickled': (v) =>
    `${v.file} stores its weights in adapter_model.bin, which is not supported. Save it again with PEFT, as adapter_model.safetensors.`,
  'adapter-note': (v) => `The adapter was imported with a note: ${v.what}.`,
  'adapter-kind': (v) =>
    `${v.file} needs more than plain LoRA (${v.what}), which is not supported. Use an adapter trained without it.`,
  'adapter-model': (v) =>
    `${v.file} belongs to another model: ${v.why}. Open the model it was trained on.`,
  'no-adapter': () =>
    `There is no adapter to export: every module has rank 0. Give at least one module a rank above 0.`,
  'large-zip': (v) =>
    `${v.file} would be ${v.size}, more than a zip file can hold. Save the adapter as a folder on the command line.`,
  'no-base': () =>
    `The pruned or compressed model is no longer in memory. Press Play to compute it again.`,
  'no-importance': (v) => `Ranks cannot be allocated: ${v.why}. Use more noise or another text.`,
  singular: (v) =>
    `The weight of ${v.module} ${v.why}, so it has no components to remove. Use another export of this model.`,
  'row-blocks': (v) =>
    `${v.blocks} row blocks do not divide the ${v.rows} rows of ${v.module}. Choose a number that divides the rows, or k-means.`,
  'bad-task': (v) => `The task cannot be used: ${v.why}. ${v.remedy}`,
  'not-agreed': (v) =>
    `This experiment needs ${v.model} from ${v.host}; no request was sent. Add --yes to download it, or choose a model with --model.`,
  'private-host': (v) =>
    `This experiment needs a model from ${v.host}, which is on this machine or its network; no request was sent. To allow it, give the address yourself: --model ${v.address}.`,
  usage: (v) => `${v.why}. Run "rank-atlas --help" for the commands and options.`,
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
