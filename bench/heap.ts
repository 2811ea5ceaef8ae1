/**
 * Splits the JavaScript heap of a page's main thread into the page's objects, V8's code and the
 * browser's timing records.
 */
import type { CDPSession } from '@playwright/test';
import { elementAt } from '../src/checked.ts';

/** Megabytes after garbage collection. */
export interface HeapParts {
  /** All other objects: those of the page itself. */
  objects: number;
  /** Machine code and its tables. V8 compiles more of it as functions are called more often. */
  code: number;
  /**
   * The browser's own list of layout shifts, long frames and paints. It is limited to 150 or 200 of
   * each.
   */
  timings: number;
}

interface Snapshot {
  snapshot: { meta: { node_fields: string[]; node_types: [string[]] } };
  nodes: number[];
  strings: string[];
}

const TIMING =
  /^(Performance\w*Timing|LayoutShift|LayoutShiftAttribution|LargestContentfulPaint|InteractionContentfulPaint|TaskAttributionTiming|DOMRectReadOnly|blink::ScriptTimingInfo)$/;

/**
 * V8 lists `WeakArrayList` and `SharedFunctionInfoWrapper` as native, but they belong to its code.
 */
const CODE = /^system \/ (WeakArrayList|ProtectedFixedArray|SharedFunctionInfoWrapper)$/;

/** Measures with a heap snapshot, which takes a second or two. */
export async function heapParts(session: CDPSession): Promise<HeapParts> {
  const chunks: string[] = [];
  const add = ({ chunk }: { chunk: string }) => chunks.push(chunk);
  session.on('HeapProfiler.addHeapSnapshotChunk', add);
  await session.send('HeapProfiler.collectGarbage');
  await session.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false });
  session.off('HeapProfiler.addHeapSnapshotChunk', add);
  const {
    snapshot: {
      meta: {
        node_fields: fields,
        node_types: [types],
      },
    },
    nodes,
    strings,
  } = JSON.parse(chunks.join('')) as Snapshot;
  const [type, name, size] = ['type', 'name', 'self_size'].map((f) => fields.indexOf(f)) as [
    number,
    number,
    number,
  ];
  const bytes = { objects: 0, code: 0, timings: 0 };
  for (let i = 0; i < nodes.length; i += fields.length) {
    const kind = types[nodes[i + type]!];
    const called = elementAt(strings, nodes[i + name]!);
    bytes[
      kind === 'code' || CODE.test(called)
        ? 'code'
        : kind === 'native' && TIMING.test(called)
          ? 'timings'
          : 'objects'
    ] += nodes[i + size]!;
  }
  const megabytes = (n: number) => Math.round(n / 1e4) / 100;
  return {
    objects: megabytes(bytes.objects),
    code: megabytes(bytes.code),
    timings: megabytes(bytes.timings),
  };
}
