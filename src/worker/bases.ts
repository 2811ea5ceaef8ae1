/**
 * The bases that experiments run on: the original model, and bases that a study derived from it.
 * Derived bases are cached for the visit and saved in the browser's database. An engine over a base
 * exists while experiments run on it. Every base has its own adapters.
 */
import { compile } from '../compiler/index.ts';
import { openEngine } from '../engine/cut-engine.ts';
import { AtlasError } from '../errors.ts';
import type { DerivedBase } from '../studies/derived-base.ts';
import type { SavedAdapter } from '../studies/saved-adapter.ts';
import { sha256 } from '../model/sha256.ts';
import type { CheckpointStore } from './checkpoints.ts';
import { saveAdapter, type BaseContext } from '../runtime/context.ts';
import type { Opened } from './host.ts';
import { versionsOf } from '../runtime/versions.ts';

export interface OpenBase extends BaseContext {
  /** See `baseKey`. */
  key: string;
}

export class Bases {
  /** The base of the last run. */
  current: OpenBase;
  /** The original model. */
  readonly original: OpenBase;
  private readonly opened: Opened;
  private readonly store: CheckpointStore;
  private readonly limit: number;
  private readonly derived = new Map<string, DerivedBase>();
  private readonly adapters = new Map<string, OpenBase['adapters']>();
  private readonly imported: OpenBase['adapters'] = new Map();

  constructor(opened: Opened, store: CheckpointStore, limit: number) {
    this.opened = opened;
    this.store = store;
    this.limit = limit;
    this.current = this.original = {
      key: '',
      engine: opened.engine,
      graph: opened.loaded.graph,
      adapters: new Map(),
    };
  }

  /** Bytes available to another engine. */
  get freeBytes(): number {
    const { engine } = this.current;
    return (
      this.limit -
      this.opened.engine.memory().device -
      (engine === this.opened.engine ? 0 : engine.memory().device)
    );
  }

  save(key: string, derived: DerivedBase): void {
    this.derived.set(key, derived);
    // If storage is full, the base is made again after a reload.
    void this.store.save(this.stored(key), derived).catch(() => undefined);
  }

  async known(key: string): Promise<DerivedBase | undefined> {
    const found =
      this.derived.get(key) ??
      ((await this.store.load(this.stored(key))) as DerivedBase | undefined);
    if (found) this.derived.set(key, found);
    return found;
  }

  /**
   * An imported adapter can be used on every base, because the base it was trained on is unknown.
   */
  addImported(adapter: SavedAdapter): void {
    for (const { adapters } of [this.original, this.current]) saveAdapter(adapters, adapter);
    for (const adapters of this.adapters.values()) saveAdapter(adapters, adapter);
    this.imported.set(adapter.name, adapter);
  }

  /**
   * Switches to a base, which must be known. Throws `no-base`, and `too-large` if there is not
   * enough memory for it.
   */
  async switchTo(key: string): Promise<OpenBase> {
    if (this.current.key === key) return this.current;
    await this.switchToOriginal();
    if (key === '') return this.current;
    const derived = await this.known(key);
    if (!derived) throw new AtlasError('no-base');
    const { derivedGraph } = await import('../studies/derived-base.ts');
    const graph = await derivedGraph(this.opened.loaded, derived);
    const engine = await openEngine({
      model: compile(graph),
      backend: await this.opened.backend(),
      memoryBudgetBytes: this.freeBytes,
    });
    const adapters = this.adapters.get(key) ?? new Map(this.imported);
    this.adapters.set(key, adapters);
    return (this.current = { key, engine, graph, adapters });
  }

  /** Switches back to the original model. */
  async switchToOriginal(): Promise<void> {
    const { engine } = this.current;
    this.current = this.original;
    if (engine !== this.original.engine) await engine.dispose();
  }

  private stored(key: string): string {
    const { facts, ort } = this.opened;
    return `base ${sha256(new TextEncoder().encode(JSON.stringify([versionsOf(ort).rankAtlas, facts.hash, key])))}`;
  }
}
