/**
 * Saves checkpoints every half minute and when a command stops. They are in the user's cache
 * directory, named by a digest of the settings they depend on, and are removed when the command
 * finishes. See docs/command-line.md, "Stopping and resuming".
 */
import { createHash } from 'node:crypto';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DefaultDeserializer, serialize } from 'node:v8';
import type { AdapterValues } from '../src/engine/engine.ts';
import type { CheckpointPort } from '../src/studies/checkpoint.ts';
import { reasonOf } from '../src/model/node-files.ts';
import { makeFolders } from './disk.ts';
import { cacheFolder } from './environment.ts';
import { writeBytes } from './output.ts';
import { registerCheckpoint, type CommandCheckpoint } from './stopping.ts';

/**
 * The minimum time between two saves, in ms, and the maximum share of run time that saving may
 * take.
 */
const INTERVAL = 30_000;
const SHARE = 0.05;
/** Maximum number of checkpoints in the cache. The oldest are removed first. */
const MAX_CHECKPOINTS = 16;
const FORMAT = 'rank-atlas-checkpoint-1';

/** Where a checkpoint is saved and how it is serialised. */
interface CheckpointLocation {
  path: string;
  pack(checkpoint: unknown): Uint8Array;
  /** Makes space before saving. Absent if the user named the file. */
  open?(): Promise<void>;
  /** Removes the checkpoint. Absent if the user named the file. */
  remove?(): Promise<void>;
  resume?: readonly string[];
}

export class CheckpointWriter<T = unknown> implements CheckpointPort, CommandCheckpoint {
  /** The checkpoint of an earlier run of the same command. */
  readonly from: T | undefined;
  onDisk: boolean;
  private readonly location: CheckpointLocation | null;
  private take: (() => Promise<unknown>) | null = null;
  private next = performance.now() + INTERVAL;
  private saved: unknown;
  private warned = false;

  constructor(location: CheckpointLocation | null, from?: T) {
    this.location = location;
    this.from = from;
    this.onDisk = from !== undefined;
  }

  get resume(): readonly string[] | undefined {
    return this.location?.resume;
  }

  offer(take: () => Promise<unknown>): void {
    this.take = take;
  }

  reportResume(): void {
    const { from, location } = this;
    if (from !== undefined && location)
      console.error(
        `rank-atlas: resuming from a checkpoint. To start again from the beginning, remove ${location.path}.`,
      );
  }

  async between(): Promise<void> {
    if (performance.now() >= this.next) await this.save();
  }

  /** If saving fails, the command continues and prints one warning. */
  async save(): Promise<void> {
    if (!this.take || !this.location) return;
    const start = performance.now();
    try {
      const checkpoint = await this.take();
      // An identical checkpoint is already on disk.
      if (checkpoint !== this.saved) {
        await this.location.open?.();
        await writeBytes(this.location.path, this.location.pack(checkpoint), { silent: true });
      }
      this.saved = checkpoint;
      this.onDisk = true;
    } catch (error) {
      if (!this.warned)
        console.error(
          `rank-atlas: cannot save a checkpoint (${(((error as Error).cause as Error | undefined) ?? (error as Error)).message.slice(0, 200)}). If this command is stopped, it cannot resume.`,
        );
      this.warned = true;
    }
    this.next = performance.now() + Math.max(INTERVAL, (performance.now() - start) / SHARE);
  }

  async forget(): Promise<void> {
    await this.location?.remove?.().catch(() => undefined);
  }
}

/**
 * Opens the checkpoints of a command in the cache and loads the last one if present. `parts` must
 * determine the command's numbers: equal parts must give equal results.
 */
export async function openCheckpoint<T>(
  kind: string,
  parts: unknown,
): Promise<CheckpointWriter<T>> {
  const cache = cacheFolder();
  const key = sha256(JSON.stringify([kind, parts]));
  if (cache === null) return registerCheckpoint(new CheckpointWriter<T>(null));
  const folder = join(cache, 'checkpoints');
  const path = join(folder, `${kind}-${key.slice(0, 24)}`);
  const location: CheckpointLocation = {
    path,
    pack: (checkpoint) => packed(key, checkpoint),
    open: async () => {
      await makeFolders(folder);
      await removeOldest(folder, path);
    },
    remove: () => rm(path, { force: true }),
  };
  return registerCheckpoint(new CheckpointWriter(location, await checkpointAt<T>(path, key)));
}

/** Saves checkpoints in a file that the user named. The file is not removed. */
export const checkpointInFile = <T>(
  path: string,
  pack: (checkpoint: T) => Uint8Array,
): CheckpointWriter<T> =>
  registerCheckpoint(
    new CheckpointWriter<T>({
      path,
      pack: (checkpoint) => pack(checkpoint as T),
      resume: ['--resume', path],
    }),
  );

const sha256 = (data: string | Uint8Array): string =>
  createHash('sha256').update(data).digest('hex');

/** SHA-256 of the adapters' modules, ranks, scales and values, as hex. */
export function digestOf(
  adapters: readonly AdapterValues[],
  scale: (module: number) => number,
): string {
  const hash = createHash('sha256');
  for (const { module, rank, loraA, loraB } of adapters)
    hash
      .update(JSON.stringify([module, rank, scale(module)]))
      .update(loraA)
      .update(loraB);
  return hash.digest('hex');
}

/**
 * The format: one line with format, key and digest, then plain data in Node's structured-clone
 * format.
 */
function packed(key: string, checkpoint: unknown): Uint8Array {
  const data = serialize(checkpoint);
  return Buffer.concat([Buffer.from(`${FORMAT} ${key} ${sha256(data)}\n`), data]);
}

/**
 * Returns undefined if there is no checkpoint. A checkpoint that is damaged or belongs to another
 * command is not used; stderr reports that.
 */
async function checkpointAt<T>(path: string, key: string): Promise<T | undefined> {
  try {
    const bytes = await readFile(path);
    const end = bytes.indexOf('\n');
    const data = bytes.subarray(end + 1);
    const [format, owner, digest] = bytes.toString('latin1', 0, Math.max(end, 0)).split(' ');
    if (format !== FORMAT || digest !== sha256(data)) throw new Error('it is damaged');
    if (owner !== key) throw new Error('it belongs to another command');
    const reader = new OwnBuffers(data);
    reader.readHeader();
    return reader.readValue() as T;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR')
      console.error(
        `rank-atlas: the checkpoint ${path} is not used (${code === undefined ? message.slice(0, 100) : reasonOf(error)}). The command starts from the beginning.`,
      );
    return undefined;
  }
}

/** A method that Node has but its TypeScript types omit (node:v8). */
const plain = DefaultDeserializer.prototype as unknown as { _readHostObject(): Float32Array };

/** Copies each typed array into its own buffer, so that no array aliases the whole file. */
class OwnBuffers extends DefaultDeserializer {
  _readHostObject(): NodeJS.ArrayBufferView {
    return plain._readHostObject.call(this).slice();
  }
}

async function removeOldest(folder: string, but: string): Promise<void> {
  const others = (await readdir(folder))
    .map((name) => join(folder, name))
    .filter((path) => path !== but);
  const dated = await Promise.all(
    others.map(async (path) => ({
      path,
      at: await stat(path).then(
        (s) => s.mtimeMs,
        () => 0,
      ),
    })),
  );
  for (const { path } of dated.sort((a, b) => b.at - a.at).slice(MAX_CHECKPOINTS - 1))
    await rm(path, { force: true });
}
