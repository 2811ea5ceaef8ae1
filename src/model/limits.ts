/**
 * Limits on what is read of untrusted files. Each is several times the size in real files. Larger
 * files are refused before they cost memory or time, in a sentence that names the limit.
 * docs/models.md has the table for users.
 */
export const READ_LIMITS = {
  // --- bytes ---
  /** A graph with its weights: WebAssembly addresses 4 GB on every machine. */
  model: 4e9,
  /** The largest tokenizer.json files have 30 MB. */
  tokenizer: 100e6,
  /** Any other JSON file next to a graph. */
  smallFile: 20e6,
  /** A hub's list of the files in a repository. */
  listing: 50e6,
  /** The header of a safetensors file. */
  header: 10e6,
  adapterConfig: 5e6,
  /** An adapter's weights, and a zip that contains them. */
  adapter: 1e9,
  /** Far more than any calibration needs; tokenizing more would be wasted. */
  text: 5e6,
  /** A specification or a result on the command line. */
  spec: 5e6,
  /** Any other file on the command line, and input from a pipe or a device. */
  file: 8e9,
  pipe: 64e6,
  // --- counts ---
  /** Characters of a folder or file name stored in an experiment. */
  name: 200,
  /**
   * Files listed in a folder or repository. A model has about a dozen; a home folder is a mistake.
   */
  files: 2000,
  zipFiles: 10_000,
  /** Keys in a safetensors header. A tensor has four, including its name. */
  headerKeys: 200_000,
  /** Patterns in one setting of an adapter. An export names every module: some hundreds. */
  patterns: 2000,
} as const;
