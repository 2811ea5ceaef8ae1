/**
 * The bases that experiments run on: the original model, and models that a study made from it. Made
 * bases are cached for the visit and saved in the browser's database. An engine over a base exists
 * while experiments run on it. Every base has its own adapters.
 */
import { compile } from '../compiler/index.ts';
import { openEngine } from '../engine/cut-engine.ts';
import { AtlasError } from '../errors.ts';
import type { MadeBase } from '../studies/made-base.ts';
import type { SavedAdapter } from '../studies/context.ts';
import { sha256 } from '../model/sha256.ts';
import type { CheckpointStore } from './checkpoints.ts';
import { saveAdapter, type Standing } from '../runtime/context.ts';
import type { Opened } from './host.ts';
import { versionsOf } from '../runtime/versions.ts';

export interface Ground extends Standing {
  /** See `baseKey`. */
  key: string;
}

export class Bases {
  /** The base of the last run. */
  now: Ground;
  /** The original model. */
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

  /** Bytes available to another engine. */
  get room(): number {
    const { engine } = this.now;
    return (
      this.limit -
      this.opened.engine.memory().device -
      (engine === this.opened.engine ? 0 : engine.memory().device)
    );
  }

  save(key: string, made: MadeBase): void {
    this.made.set(key, made);
    // If storage is full, the base is made again after a reload.
    void this.store.save(this.stored(key), made).catch(() => undefined);
  }

  async known(key: string): Promise<MadeBase | undefined> {
    const found =
      this.made.get(key) ?? ((await this.store.load(this.stored(key))) as MadeBase | undefined);
    if (found) this.made.set(key, found);
    return found;
  }

  /**
   * An imported adapter can be used on every base, because the base it was trained on is unknown.
   */
  take(adapter: SavedAdapter): void {
    for (const { adapters } of [this.plain, this.now]) saveAdapter(adapters, adapter);
    for (const adapters of this.adapters.values()) saveAdapter(adapters, adapter);
    this.taken.set(adapter.name, adapter);
  }

  /**
   * Switches to a base, which must be known. Throws `no-base`, and `too-large` if there is not
   * enough memory for it.
   */
  async stand(key: string): Promise<Ground> {
    if (this.now.key === key) return this.now;
    await this.leave();
    if (key === '') return this.now;
    const made = await this.known(key);
    if (!made) throw new AtlasError('no-base');
    const { basedGraph } = await import('../studies/made-base.ts');
    const graph = await basedGraph(this.opened.loaded, made);
    const engine = await openEngine({
      model: compile(graph),
      backend: await this.opened.backend(),
      memoryBudgetBytes: this.room,
    });
    const adapters = this.adapters.get(key) ?? new Map(this.taken);
    this.adapters.set(key, adapters);
    return (this.now = { key, engine, graph, adapters });
  }

  /** Switches back to the original model. */
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
