/**
 * What the heap of a page's thread is made of: its own objects, or what V8 and the browser keep
 * beside them.
 */
import type { CDPSession } from '@playwright/test';
import { elementAt } from '../src/checked.ts';

/** Megabytes, garbage collected. */
export interface HeapParts {
  /** Everything that is neither of the others: what the page itself holds. */
  objects: number;
  /** Machine code and its tables, which V8 makes of functions as they are called more often. */
  code: number;
  /**
   * The browser's own list of layout shifts, long frames and paints; it ends at 150 or 200 of each.
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
 * `WeakArrayList` and `SharedFunctionInfoWrapper` of V8 are listed as native: they belong to its
 * code.
 */
const CODE = /^system \/ (WeakArrayList|ProtectedFixedArray|SharedFunctionInfoWrapper)$/;

/** By a heap snapshot, which takes a second or two. */
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
