/**
 * As much as is read of files that others made. Each is some times what real files have; what goes
 * beyond is refused in a sentence that says the limit, before it costs memory or time. The table
 * for people is in docs/models.md.
 */
export const MOST = {
  // --- bytes ---
  /** A graph with its weights: WebAssembly addresses 4 GB, whatever the machine has. */
  model: 4e9,
  /** The largest tokenizer.json files have 30 MB. */
  tokenizer: 100e6,
  /** Any other JSON file beside a graph. */
  smallFile: 20e6,
  /** A hub's answer on what is in a repository. */
  listing: 50e6,
  /** The header of a safetensors file. */
  header: 10e6,
  adapterConfig: 5e6,
  /** An adapter's weights, and a zip that it comes in. */
  adapter: 1e9,
  /** Far more than any calibration needs; more would only be tokenized in vain. */
  text: 5e6,
  /** A specification or a result on the command line. */
  spec: 5e6,
  /** Any other file on the command line, and what a pipe or a device may give. */
  file: 8e9,
  pipe: 64e6,
  // --- counts ---
  /** Characters of a folder's or file's name that an experiment keeps. */
  name: 200,
  /**
   * Files that are looked at in a folder or a repository: a model's has a dozen; a home folder is a
   * mistake.
   */
  files: 2000,
  zipFiles: 10_000,
  /** Keys in a safetensors header: a tensor has four, its own among them. */
  headerKeys: 200_000,
  /** Patterns in one setting of an adapter: an export names every module, some hundreds. */
  patterns: 2000,
} as const;
