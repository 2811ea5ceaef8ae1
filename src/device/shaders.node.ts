/** WGSL sources in Node, read from the `shaders` directory. The page uses `shaders.web.ts`. */
import { readFileSync } from 'node:fs';

/** Nothing to load in Node. */
export async function loadShaders(): Promise<void> {}

/** Source of `shaders/<name>.wgsl`. */
export function shaderSource(name: string): string {
  return readFileSync(new URL(`../../shaders/${name}.wgsl`, import.meta.url), 'utf8');
}
