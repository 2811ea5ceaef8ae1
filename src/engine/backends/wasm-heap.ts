/**
 * The heap the runtime's WebAssembly works in. The runtime does not hand it out, so it is caught as
 * it is made: the one memory with pages at birth (another, of none, is how the runtime asks whether
 * memory can be shared).
 */
let heap: WebAssembly.Memory | null = null;

/** To be called before the runtime makes its first session; more than once does no harm. */
export function watchHeap(): void {
  const { Memory } = WebAssembly;
  if (watched.has(Memory)) return;
  WebAssembly.Memory = new Proxy(Memory, {
    construct(target, args: [WebAssembly.MemoryDescriptor]) {
      const made = new target(...args);
      if (args[0].initial > 0) heap = made;
      return made;
    },
  });
  watched.add(WebAssembly.Memory);
}

const watched = new WeakSet<object>();

/** Bytes it holds now; 0 before there is one. It only ever grows. */
export const heapBytes = (): number => heap?.buffer.byteLength ?? 0;
