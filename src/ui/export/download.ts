/** Saves a file for the visitor, or copies text to the clipboard. */

export function download(
  name: string,
  content: string | Uint8Array<ArrayBuffer> | Blob,
  type: string,
): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // Revoke later: the browser needs the URL until it has read the file.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Returns false if the browser denies access to the clipboard. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** Joins free text into a safe file name of at most 100 characters. */
export const fileName = (...parts: (string | number)[]): string =>
  parts
    .map((p) =>
      String(p)
        .normalize('NFKD')
        .replace(/[^\p{L}\p{N}.]+/gu, '-')
        .replace(/^-+|-+$/g, ''),
    )
    .filter(Boolean)
    .join('-')
    .slice(0, 100);
