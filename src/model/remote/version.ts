/**
 * Identifies the version of a server's file from its headers. Bytes of different versions must not
 * be mixed in one download.
 */

export interface Version {
  etag: string | null;
  modified: string | null;
}

/** Both are null if the server does not send them or hides them from the page. */
export function versionOf(headers: Headers): Version {
  // Weak and strong tags, compressed or not, mean the same content.
  const etag =
    headers
      .get('etag')
      ?.replace(/^W\//, '')
      .replace(/[-;](?:gzip|br|zstd|deflate)"$/, '"') ?? null;
  return { etag, modified: headers.get('last-modified') };
}

/** True if the versions certainly differ. */
export function isOther(a: Version, b: Version): boolean {
  if (a.etag !== null && b.etag !== null) return a.etag !== b.etag;
  return a.modified !== null && b.modified !== null && a.modified !== b.modified;
}
