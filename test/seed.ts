/**
 * Property tests draw anew on a developer's machine; where a build is judged (`CI`), the same
 * commit draws the same cases.
 */
import fc from 'fast-check';

if (process.env.CI) fc.configureGlobal({ seed: 1 });
