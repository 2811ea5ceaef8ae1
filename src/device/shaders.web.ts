/**
 * WGSL sources on the page, bundled as text. Those that only studies use are a separate bundle.
 * Node uses `shaders.node.ts`.
 */
const sources = import.meta.glob<string>(
  '../../shaders/{disagreement,lora-delta,noise-product,pair-difference,sums}.wgsl',
  { query: '?raw', import: 'default', eager: true },
);

/** Loads the shaders of the studies. Afterwards `shaderSource` finds all shaders. */
export async function loadShaders(): Promise<void> {
  Object.assign(sources, (await import('./study-shaders.web.ts')).sources);
}

/** Source of `shaders/<name>.wgsl`. Throws Error if it is not loaded. */
export function shaderSource(name: string): string {
  const source = sources[`../../shaders/${name}.wgsl`];
  if (source === undefined) throw new Error(`no shader named ${name}`);
  return source;
}
