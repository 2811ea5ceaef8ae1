/**
 * WGSL sources on the page: bundled as text, those that only studies use apart from the others.
 * Node's twin is `shaders.node.ts`.
 */
const sources = import.meta.glob<string>(
  '../../shaders/{disagreement,lora-delta,noise-product,pair-difference,sums}.wgsl',
  { query: '?raw', import: 'default', eager: true },
);

/** From now on `shaderSource` knows all shaders. */
export async function loadShaders(): Promise<void> {
  Object.assign(sources, (await import('./study-shaders.web.ts')).sources);
}

/** Source of `shaders/<name>.wgsl`. Throws where it was not loaded. */
export function shaderSource(name: string): string {
  const source = sources[`../../shaders/${name}.wgsl`];
  if (source === undefined) throw new Error(`no shader named ${name}`);
  return source;
}
