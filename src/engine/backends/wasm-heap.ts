/**
 * The WebAssembly heap of ONNX Runtime. The runtime does not expose it, so its creation is
 * intercepted. It is the one memory with initial pages; the runtime creates another without pages
 * to test whether memory can be shared.
 */
let heap: WebAssembly.Memory | null = null;

/** Call before the runtime creates its first session. Repeated calls have no effect. */
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

/** Current bytes of the heap, 0 before it exists. The heap never shrinks. */
export const heapBytes = (): number => heap?.buffer.byteLength ?? 0;
