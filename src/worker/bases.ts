/**
 * What experiments run on: the model as it came, or what a study made of it. A base that was made
 * is known for the visit, and after a reload from the browser's database; an engine over it is
 * there while experiments run on it. Every base has adapters of its own.
 */
import { compile } from '../compiler/index.ts';
import { createEngine } from '../engine/cut-engine.ts';
import { AtlasError } from '../errors.ts';
import type { MadeBase } from '../studies/made-base.ts';
import type { KeptAdapter } from '../studies/context.ts';
import { sha256 } from '../model/sha256.ts';
import type { CheckpointStore } from './checkpoints.ts';
import { keepIn, type Standing } from '../runtime/context.ts';
import type { Opened } from './host.ts';
import { versionsOf } from '../runtime/versions.ts';

export interface Ground extends Standing {
  /** See `baseKey`. */
  key: string;
}

export class Bases {
  /** What ran last. */
  now: Ground;
  /** The model as it came. */
  readonly plain: Ground;
  private readonly opened: Opened;
  private readonly store: CheckpointStore;
  private readonly limit: number;
  private readonly made = new Map<string, MadeBase>();
  private readonly adapters = new Map<string, Ground['adapters']>();
  private readonly taken: Ground['adapters'] = new Map();

  constructor(opened: Opened, store: CheckpointStore, limit: number) {
    this.opened = opened;
    this.store = store;
    this.limit = limit;
    this.now = this.plain = {
      key: '',
      engine: opened.engine,
      graph: opened.loaded.graph,
      adapters: new Map(),
    };
  }

  /** Bytes that another engine may take. */
  get room(): number {
    const { engine } = this.now;
    return (
      this.limit -
      this.opened.engine.memory().device -
      (engine === this.opened.engine ? 0 : engine.memory().device)
    );
  }

  keep(key: string, made: MadeBase): void {
    this.made.set(key, made);
    // Without room it is made again after a reload.
    void this.store.save(this.stored(key), made).catch(() => undefined);
  }

  async known(key: string): Promise<MadeBase | undefined> {
    const found =
      this.made.get(key) ?? ((await this.store.load(this.stored(key))) as MadeBase | undefined);
    if (found) this.made.set(key, found);
    return found;
  }

  /** An adapter from files may be used on every base: what it was trained on is not known. */
  take(adapter: KeptAdapter): void {
    for (const { adapters } of [this.plain, this.now]) keepIn(adapters, adapter);
    for (const adapters of this.adapters.values()) keepIn(adapters, adapter);
    this.taken.set(adapter.name, adapter);
  }

  /**
   * Makes this base, which must be known, the ground of what follows. Throws `no-base`, and
   * `too-large` where there is no room for it.
   */
  async stand(key: string): Promise<Ground> {
    if (this.now.key === key) return this.now;
    await this.leave();
    if (key === '') return this.now;
    const made = await this.known(key);
    if (!made) throw new AtlasError('no-base');
    const { basedGraph } = await import('../studies/made-base.ts');
    const graph = await basedGraph(this.opened.loaded, made);
    const engine = createEngine({
      model: compile(graph),
      backend: await this.opened.backend(),
      memoryBudgetBytes: this.room,
    });
    const adapters = this.adapters.get(key) ?? new Map(this.taken);
    this.adapters.set(key, adapters);
    return (this.now = { key, engine, graph, adapters });
  }

  /** Back to the model as it came. */
  async leave(): Promise<void> {
    const { engine } = this.now;
    this.now = this.plain;
    if (engine !== this.plain.engine) await engine.dispose();
  }

  private stored(key: string): string {
    const { facts, ort } = this.opened;
    return `base ${sha256(new TextEncoder().encode(JSON.stringify([versionsOf(ort).rankAtlas, facts.hash, key])))}`;
  }
}
