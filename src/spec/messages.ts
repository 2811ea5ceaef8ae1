/**
 * Message texts for zod, whose small build has none. Imported by the code that shows them, so that
 * schemas alone do not load them.
 */
import * as z from 'zod/mini';

z.config(z.locales.en());
