/** Sessions of our own small graphs on the CPU, one per graph, created at first use. */
import { elements } from './backend.ts';
import { floats } from './cpu-tensor.ts';
import { OrtSession, type Ort, type OrtTensor, type SessionOptions } from './ort.ts';

export class GraphSessions {
  private readonly ort: Ort;
  private readonly options: SessionOptions;
  private readonly sessions = new Map<() => Uint8Array, Promise<OrtSession>>();

  constructor(ort: Ort, options: SessionOptions) {
    this.ort = ort;
    this.options = options;
  }

  /** Runs the graph and returns every output. `what` names the graph in errors. */
  async run(
    graph: () => Uint8Array,
    what: string,
    feeds: Record<string, OrtTensor>,
  ): Promise<Record<string, OrtTensor>> {
    let session = this.sessions.get(graph);
    if (!session)
      this.sessions.set(
        graph,
        (session = OrtSession.create(this.ort, graph(), this.options, what)),
      );
    return (await session).run(feeds);
  }

  /** The first numbers of `data` in this shape, without a copy. */
  tensor(data: Float32Array, dims: readonly number[]): OrtTensor {
    return floats(this.ort, data.subarray(0, elements(dims)), dims).tensor;
  }

  async dispose(): Promise<void> {
    for (const session of this.sessions.values()) await (await session).dispose();
    this.sessions.clear();
  }
}
