/** Formats numbers for English sentences. */

/** Bytes in decimal units: `61 MB`, `1.9 GB`. */
export function describeBytes(bytes: number): string {
  if (bytes < 1000) return `${Math.round(bytes)} bytes`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let value = bytes / 1000;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** `5,000`. */
export const describeCount = (count: number): string => count.toLocaleString('en');
