/** What the command line takes from the environment, checked before it is used. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { AtlasError } from '../src/errors.ts';
import { HUB } from '../src/model/remote/reference.ts';

/**
 * The hub's address without a slash at the end: `HF_ENDPOINT`, as the hub's own tools read it,
 * another hub or a mirror. Throws `usage`.
 */
export function hubAddress(): string {
  const address = (process.env.HF_ENDPOINT || HUB).trim().replace(/\/+$/, '');
  if (!/^https?:\/\//i.test(address) || !URL.canParse(address))
    throw new AtlasError('usage', {
      why: `HF_ENDPOINT is "${address.slice(0, 100)}", which is no address that begins with http:// or https://`,
    });
  return address;
}

/**
 * `HF_TOKEN` without the line end that files of tokens have; null without one. Throws `usage` for
 * what is none.
 */
export function hubToken(): string | null {
  const token = (process.env.HF_TOKEN ?? '').trim();
  if (/[^\x21-\x7e]/.test(token))
    throw new AtlasError('usage', {
      why: 'HF_TOKEN is malformed: it has spaces, line breaks or other characters inside that no token has',
    });
  return token || null;
}

/** `$XDG_CACHE_HOME/rank-atlas`, by default `~/.cache/rank-atlas`; null where there is no home. */
export function cacheFolder(): string | null {
  if (process.env.XDG_CACHE_HOME) return join(process.env.XDG_CACHE_HOME, 'rank-atlas');
  try {
    return join(homedir(), '.cache', 'rank-atlas');
  } catch {
    return null;
  }
}
