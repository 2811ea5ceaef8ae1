/**
 * Which content of a file a server has, as its headers tell it: a file that changes while it is
 * fetched is not to be mixed with itself.
 */

export interface Version {
  etag: string | null;
  modified: string | null;
}

/** Null in both where the server does not say, or does not let a page see it. */
export function versionOf(headers: Headers): Version {
  // Weak or strong, and compressed on the way or not, it is the same content.
  const etag =
    headers
      .get('etag')
      ?.replace(/^W\//, '')
      .replace(/[-;](?:gzip|br|zstd|deflate)"$/, '"') ?? null;
  return { etag, modified: headers.get('last-modified') };
}

/** Whether one is surely not the other. */
export function isOther(a: Version, b: Version): boolean {
  if (a.etag !== null && b.etag !== null) return a.etag !== b.etag;
  return a.modified !== null && b.modified !== null && a.modified !== b.modified;
}
