/**
 * A host name of a download. The end, which identifies the owner, is bold and never truncated: a
 * long name wraps.
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
