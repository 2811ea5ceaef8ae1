/** Our own JavaScript in a build, gzipped; the runtime's own files are not counted. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { gzipSync } from 'node:zlib';

/** All of it, or the files that `counted` takes by name. Null without a build. */
export function javaScriptSizes(counted: (file: string) => boolean = () => true): { total: number; parts: { name: string; kilobytes: number }[] } | null {
  const assets = resolve(import.meta.dirname, '../dist/assets');
  if (!existsSync(assets)) return null;
  const parts = readdirSync(assets)
    .filter((f) => f.endsWith('.js') && !/^ort\./.test(f) && counted(f))
    .map((f) => ({ name: f.replace(/-[\w-]{8}\.js$/, ''), kilobytes: Math.round(gzipSync(readFileSync(resolve(assets, f)), { level: 9 }).length / 100) / 10 }))
    .sort((a, b) => b.kilobytes - a.kilobytes);
  return { total: Math.round(10 * parts.reduce((sum, p) => sum + p.kilobytes, 0)) / 10, parts };
}
