/** The address of the model hub. */
import { HUB } from '../model/remote/reference.ts';

/** The hub's address, which the page's server can set in index.html. */
export const hubAddress = (): string =>
  (document.querySelector<HTMLMetaElement>('meta[name="model-hub"]')?.content || HUB).replace(
    /\/+$/,
    '',
  );

/** The host from which a model would be fetched, for display. */
export function hostOf(id: string): string {
  const address = id.startsWith('url:') ? id.slice('url:'.length) : hubAddress();
  return URL.canParse(address) ? new URL(address).host : address;
}
