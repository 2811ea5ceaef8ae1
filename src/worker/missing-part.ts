/**
 * Recognises code that could not be fetched. The page loads most of its code on demand. A file can
 * be missing without a connection, or if a new release has replaced the files of an open tab.
 */
import { AtlasError } from '../errors.ts';

/** Messages of Chromium, Firefox and Safari for a module that could not be fetched. */
const NOT_FETCHED = [
  /dynamically imported module/i,
  /Importing a module script failed/i,
  /Unable to preload CSS/i,
];

/** The error to show if a part of the page could not be fetched; null for any other error. */
export function missingPart(error: unknown): AtlasError | null {
  if (!(error instanceof Error) || !NOT_FETCHED.some((message) => message.test(error.message))) {
    return null;
  }
  return new AtlasError('missing-part', {}, { cause: error });
}
