/** `train --checkpoint FILE`: where a training stands, written every half minute, at Ctrl-C, and before it ends in a failure. */
import { rename } from 'node:fs/promises';
import type { TrainingCheckpoint } from '../src/experiment/training-run.ts';
import { writeBytes } from './disk.ts';

/** Milliseconds between two. */
const INTERVAL = 30_000;

export class CheckpointWriter {
  /** Ctrl-C was pressed: the training is to end where it stands. */
  stopped = false;
  private readonly path: string;
  private readonly pack: (checkpoint: TrainingCheckpoint) => Uint8Array;
  private take: (() => Promise<TrainingCheckpoint>) | null = null;
  private last = performance.now();
  private readonly stop = () => { this.stopped = true; };

  constructor(path: string, pack: (checkpoint: TrainingCheckpoint) => Uint8Array) {
    this.path = path;
    this.pack = pack;
    process.once('SIGINT', this.stop);
  }

  offer(take: () => Promise<TrainingCheckpoint>): void {
    this.take = take;
  }

  /** Called after every event, before the next is asked for. */
  async between(): Promise<void> {
    if (this.stopped || performance.now() - this.last >= INTERVAL) await this.write();
  }

  /** In one move, so that a full disk leaves the checkpoint before it whole. */
  async write(): Promise<void> {
    if (!this.take) return;
    await writeBytes(`${this.path}.part`, this.pack(await this.take()));
    await rename(`${this.path}.part`, this.path);
    this.last = performance.now();
  }

  dispose(): void {
    process.removeListener('SIGINT', this.stop);
  }
}
