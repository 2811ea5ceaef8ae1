/**
 * Asks for consent before contacting a host that an experiment names. A link or a file may be
 * untrusted. A model typed with --model or --set model.id needs no consent.
 */
import { createInterface } from 'node:readline/promises';
import { elementAt } from '../src/checked.ts';
import { AtlasError } from '../src/errors.ts';
import { isPrivateHost } from '../src/model/remote/private-host.ts';
import type { RemoteReference } from '../src/model/remote/reference.ts';

/** `yes` is `--yes`. Throws `private-host`, even with `--yes`, and `not-agreed`. */
export async function agreed(reference: RemoteReference, hub: string, yes: boolean): Promise<void> {
  const url = new URL(reference.kind === 'url' ? reference.url : hub);
  const model =
    reference.kind === 'url' ? elementAt(url.pathname.split('/'), -1) : reference.repository;
  // Only addresses are checked: the hub is a setting of this machine.
  if (reference.kind === 'url' && isPrivateHost(url.hostname))
    throw new AtlasError('private-host', { host: url.host, address: reference.url });
  if (yes) return;
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw new AtlasError('not-agreed', { host: url.host, model });
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(
      `This experiment needs ${model} from ${url.host}. Download it? [y/N] `,
    );
    if (!/^y(es)?$/i.test(answer.trim()))
      throw new AtlasError('not-agreed', { host: url.host, model });
  } finally {
    terminal.close();
  }
}
