/** Requests about saved adapters and about the models that studies make. */
import type { CompressedFileName } from '../studies/compress/export.ts';
import type { CompressResult } from '../studies/compress/state.ts';
import type { PrunedFileName } from '../studies/prune/files.ts';
import type { ExperimentSpec } from '../studies/spec.ts';
import type { Requests, SavedFile } from '../worker/protocol.ts';
import { client } from './engine.ts';
import { useExperiment } from './experiment-store.ts';
import { endRun, liveRun } from './live.ts';
import { play } from './runs.ts';
import { useStudy } from './study-store.ts';
import { textsIn } from './texts.ts';

/**
 * Generates text without a saved adapter and with it at one of its ranks, whichever tab is open.
 * The experiment does not change.
 */
export function writeAt(adapter: string, rank: number): void {
  const { spec } = useExperiment.getState();
  if (liveRun()?.study === 'samples') endRun();
  play('samples', { ...spec, samples: { ...spec.samples, adapter, rank } });
}

/** PEFT's two files of a saved adapter. `rank` truncates an adapter trained for every rank. */
export const peftFiles = (
  name: string,
  rank?: number,
): Promise<Requests['exportAdapter']['answer']> =>
  client.ask('exportAdapter', rank === undefined ? { name } : { name, rank });

/** A file of a compressed model after this many accepted steps. `dataName`: see `SavedFile`. */
export const compressedFile = async (
  { trials, accepted, spec }: CompressResult,
  steps: number,
  file: CompressedFileName,
  dataName: string,
): Promise<SavedFile[]> =>
  (
    await client.ask('exportCompressed', {
      result: { trials, accepted, spec },
      steps,
      file,
      dataName,
    })
  ).files;

/** A file of a pruned model, identified by the experiment of its run. */
export const prunedFile = async (
  spec: ExperimentSpec,
  file: PrunedFileName,
  dataName: string,
): Promise<SavedFile[]> => (await client.ask('exportPruned', { spec, file, dataName })).files;

/** Imports an adapter's two files as `imported`. Throws what the reader throws. */
export async function takeAdapter(
  config: Uint8Array<ArrayBuffer>,
  weights: Uint8Array<ArrayBuffer>,
): Promise<void> {
  const { adapter } = await client.ask('importAdapter', { config, weights });
  const { adapters, set } = useStudy.getState();
  set({ adapters: [...adapters.filter((a) => a.name !== adapter.name), adapter] });
}

/** Held-out loss with and without a saved adapter, under the training settings. */
export async function judgeAdapter(
  name: string,
  rank?: number,
): Promise<Requests['judge']['answer']> {
  const { spec } = useExperiment.getState();
  return client.ask('judge', {
    name,
    ...(rank !== undefined && { rank }),
    spec,
    texts: await textsIn(spec, ['training']),
  });
}
