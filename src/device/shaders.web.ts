/** WGSL sources on the page: bundled as text. Node's twin is `shaders.node.ts`. */
const sources = import.meta.glob<string>('../../shaders/*.wgsl', { query: '?raw', import: 'default', eager: true });

/** Source of `shaders/<name>.wgsl`. */
export function shaderSource(name: string): string {
  const source = sources[`../../shaders/${name}.wgsl`];
  if (source === undefined) throw new Error(`no shader named ${name}`);
  return source;
}
