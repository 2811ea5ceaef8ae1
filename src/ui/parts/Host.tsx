/**
 * The host something would come from. Its end, which says whose it is, is stressed and never cut
 * off: a long one wraps.
 */
import { hostParts } from './host-parts.ts';

export function Host({ name }: { name: string }) {
  const { before, owner } = hostParts(name);
  return (
    <bdi title={name}>
      {before}
      <b>{owner}</b>
    </bdi>
  );
}
