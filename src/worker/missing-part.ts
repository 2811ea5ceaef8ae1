/**
 * The page's code comes in several files, most of them fetched when they are first needed. A file
 * can be missing: no connection, or a new release has replaced the files an open tab still names.
 */
import { AtlasError } from '../errors.ts';

/** What Chromium, Firefox and Safari say of a module that could not be fetched. */
const NOT_FETCHED = [
  /dynamically imported module/i,
  /Importing a module script failed/i,
  /Unable to preload CSS/i,
];

/** The error to show where a part of the page could not be fetched; null for any other error. */
export function missingPart(error: unknown): AtlasError | null {
  if (!(error instanceof Error) || !NOT_FETCHED.some((message) => message.test(error.message))) {
    return null;
  }
  return new AtlasError('missing-part', {}, { cause: error });
}
