/** Reads and validates environment variables for the command line. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { AtlasError } from '../src/errors.ts';
import { HUB } from '../src/model/remote/reference.ts';

/**
 * The hub's address without a trailing slash: `HF_ENDPOINT`, the variable that the hub's own tools
 * read, or the default hub. Throws `usage`.
 */
export function hubAddress(): string {
  const address = (process.env.HF_ENDPOINT || HUB).trim().replace(/\/+$/, '');
  if (!/^https?:\/\//i.test(address) || !URL.canParse(address))
    throw new AtlasError('usage', {
      why: `HF_ENDPOINT is "${address.slice(0, 100)}", which is not an address that begins with http:// or https://`,
    });
  return address;
}

/**
 * `HF_TOKEN` without surrounding whitespace, or null if it is unset. Throws `usage` if it is
 * malformed.
 */
export function hubToken(): string | null {
  const token = (process.env.HF_TOKEN ?? '').trim();
  if (/[^\x21-\x7e]/.test(token))
    throw new AtlasError('usage', {
      why: 'HF_TOKEN is malformed: it contains spaces, line breaks or other invalid characters',
    });
  return token || null;
}

/**
 * `$XDG_CACHE_HOME/rank-atlas`, by default `~/.cache/rank-atlas`. Null if there is no home
 * directory.
 */
export function cacheFolder(): string | null {
  if (process.env.XDG_CACHE_HOME) return join(process.env.XDG_CACHE_HOME, 'rank-atlas');
  try {
    return join(homedir(), '.cache', 'rank-atlas');
  } catch {
    return null;
  }
}
