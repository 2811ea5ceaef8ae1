/** Hands the visitor a file, or puts text on the clipboard. */

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
  // The browser has taken the file over by then; the memory is ours to give back.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Whether it worked: a browser may refuse the clipboard. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** A file name from free words. */
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
