/** The QR code of a link as an SVG path, or null if the link is too long for one. */
import encodeQR from 'qr';

/** Bytes that the largest QR code holds at its lowest error correction. */
const MAX_BYTES = 2953;

/** Modules of the quiet zone around the code, as the standard requires. */
const QUIET = 4;

/** `size`: modules of a side, with the quiet zone. `path`: the dark modules as unit squares. */
export function qrCode(text: string): { size: number; path: string } | null {
  if (new TextEncoder().encode(text).length > MAX_BYTES) return null;
  const rows = encodeQR(text, 'raw', { ecc: 'low', border: QUIET });
  const path = rows
    .flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : [])))
    .join('');
  return { size: rows.length, path };
}
