/** Splits a host name for display, with at most `MAX_BEFORE` characters before the owner. */
import { elementAt } from '../../checked.ts';

const MAX_BEFORE = 24;

/**
 * Splits a host (`name[:port]`) into the owner and the part before it. The owner is the last two
 * labels, or three if the second-to-last is short (`example.co.uk`). IP addresses and names of
 * fewer than three labels are all owner.
 */
export function hostParts(host: string): { before: string; owner: string } {
  const labels = host.split('.');
  if (/^[\d.]+(:\d+)?$/.test(host) || host.startsWith('[') || labels.length < 3)
    return { before: '', owner: host };
  const own =
    elementAt(labels, -2).length <= 3 && /^[a-z]{2}(:\d+)?$/.test(elementAt(labels, -1)) ? 3 : 2;
  const before = labels
    .slice(0, -own)
    .map((l) => `${l}.`)
    .join('');
  return {
    before: before.length > MAX_BEFORE ? `…${before.slice(-MAX_BEFORE)}` : before,
    owner: labels.slice(-own).join('.'),
  };
}
