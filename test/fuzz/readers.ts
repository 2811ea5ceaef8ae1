/** One function per reader of untrusted input. Each returns a value or throws an `AtlasError`. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readAdapter } from '../../cli/adapter-files.ts';
import { openExport, type OpenedExport } from '../../src/compiler/open.ts';
import { AtlasError } from '../../src/errors.ts';
import { readCheckpoint } from '../../src/studies/train/checkpoint-file.ts';
import { decodeLink } from '../../src/experiment/link.ts';
import { importPeft, type PeftImport } from '../../src/adapters/peft.ts';
import { parseResult } from '../../src/experiment/result-file.ts';
import { fromTrainingFile } from '../../src/experiment/earlier.ts';
import { parseSpec, repairSpec } from '../../src/experiment/schema.ts';
import { checkConfig, readConfig } from '../../src/model/config.ts';
import { parseJson } from '../../src/model/json.ts';
import { readSafetensors, toFloat32 } from '../../src/model/safetensors.ts';
import { loadTokenizer } from '../../src/model/tokenizer.ts';
import { checkpointOf, tinyPlaces } from './sources.ts';

export async function readOnnx(
  bytes: Uint8Array,
  file: string,
  external: ReadonlyMap<string, Uint8Array>,
): Promise<OpenedExport> {
  return openExport(bytes, { file, external: (name) => external.get(name) });
}

export function readTensors(bytes: Uint8Array): void {
  for (const tensor of readSafetensors(bytes, 'x.safetensors').tensors.values()) {
    if (['F32', 'F16', 'BF16', 'F64'].includes(tensor.type)) toFloat32(tensor);
  }
}

/** A tokenizer that loads must also run. */
export async function readTokenizer(bytes: Uint8Array): Promise<void> {
  const tokenizer = await loadTokenizer(bytes, 'tokenizer.json');
  tokenizer.decode(
    tokenizer.encode(`The ab 12 ½² é\u0301 日本 😀\u0000\ufeff <s> ${'a'.repeat(500)}!`),
  );
}

export const readModelConfig = (bytes: Uint8Array): void =>
  checkConfig(readConfig(bytes), { hidden: 192, layers: 8, vocab: 2048 });

export const readLink = async (text: string): Promise<unknown> => decodeLink(text);

/** Converts a JSON syntax error to an `AtlasError`, as callers of the parser do. */
function json(bytes: Uint8Array): unknown {
  try {
    return parseJson(bytes).value;
  } catch (error) {
    throw new AtlasError('usage', { why: (error as Error).message });
  }
}

export function readSpec(bytes: Uint8Array): unknown {
  const value = json(bytes);
  parseSpec(repairSpec(value).spec);
  return parseSpec(value);
}

/** Reads a file as `rank-atlas train` does. */
export function readTraining(bytes: Uint8Array): unknown {
  const value = json(bytes);
  return parseSpec(fromTrainingFile(value) ?? value);
}

export const readResult = (bytes: Uint8Array): unknown => parseResult(json(bytes));

export const readPeft = (config: Uint8Array, weights: Uint8Array): PeftImport =>
  importPeft(config, weights, tinyPlaces);

let folder: string | null = null;

/** Reads a zip from disk, as the command line does. */
export async function readZip(bytes: Uint8Array): Promise<PeftImport> {
  if (folder === null) {
    const made = (folder = mkdtempSync(join(tmpdir(), 'atlas-fuzz-')));
    process.once('exit', () => rmSync(made, { recursive: true, force: true }));
  }
  const path = join(folder, 'adapter.zip');
  writeFileSync(path, bytes);
  const { config, weights } = await readAdapter(path);
  return readPeft(config, weights);
}

export const readCheckpointFile = (bytes: Uint8Array): unknown =>
  readCheckpoint(bytes, 'x.checkpoint')(checkpointOf);
