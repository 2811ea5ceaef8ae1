/**
 * Property tests use new random cases on a developer's machine. With `CI` set, a commit always gets
 * the same cases.
 */
import fc from 'fast-check';

if (process.env.CI) fc.configureGlobal({ seed: 1 });
