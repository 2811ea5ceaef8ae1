/** Where hub ids lead from this page. */
import { HUB } from '../model/remote/reference.ts';

/** The hub's address, as whoever serves this page set it in index.html. */
export const hubAddress = (): string =>
  (document.querySelector<HTMLMetaElement>('meta[name="model-hub"]')?.content || HUB).replace(
    /\/+$/,
    '',
  );

/** The host a model of an experiment would be fetched from, for people. */
export function hostOf(id: string): string {
  const address = id.startsWith('url:') ? id.slice('url:'.length) : hubAddress();
  return URL.canParse(address) ? new URL(address).host : address;
}
