/** Labels before the owner's are shown up to so many characters, the last of them. */
import { elementAt } from '../../checked.ts';

const MOST_BEFORE = 24;

/**
 * A host (`name[:port]`) as what stands before its owner and the owner. The owner is the last two
 * labels, three below a short second one (`example.co.uk`); all of an address of numbers and of a
 * name without dots.
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
    before: before.length > MOST_BEFORE ? `…${before.slice(-MOST_BEFORE)}` : before,
    owner: labels.slice(-own).join('.'),
  };
}
