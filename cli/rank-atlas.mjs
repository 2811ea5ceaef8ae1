#!/usr/bin/env node
/**
 * The command `rank-atlas`: registers the TypeScript loader and calls `main.ts`. Every failure ends
 * in a one-sentence message.
 */
import { accessSync, constants, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';

const args = process.argv.slice(2);

/** Commands that write files finish them even if the reader of stdout exits. */
const leavesFiles =
  args[0] === 'experiment' ||
  args.some((word) => /^--(out|out-model|dump|checkpoint)(=|$)/.test(word));
/** The reason why printing failed, and whether the command has finished. */
let unprinted = null;
let through = false;

function endedBy(stream) {
  stream.on('error', ({ code }) => {
    // A pipe that closes early (`| head`) is not an error.
    if (code === 'EPIPE') {
      if (!leavesFiles) process.exit(0);
      return;
    }
    unprinted ??= `the output cannot be printed (${code})`;
    if (through || !leavesFiles) fail(unprinted, 2);
  });
}

function fail(why, code) {
  try {
    console.error(`rank-atlas: ${why}.`);
  } finally {
    process.exit(code);
  }
}

const unexpected = (error) =>
  fail(
    `unexpected failure (${String(error?.message ?? error)
      .split('\n')[0]
      .slice(0, 300)}). Report it, with the command`,
    1,
  );

endedBy(process.stdout);
endedBy(process.stderr);
process.on('uncaughtException', unexpected);
process.on('unhandledRejection', unexpected);
try {
  process.cwd();
} catch {
  fail('the current folder no longer exists', 2);
}
try {
  // The loader caches compiled files in the temporary directory.
  mkdirSync(tmpdir(), { recursive: true });
  accessSync(tmpdir(), constants.W_OK);
} catch ({ code }) {
  fail(
    `the temporary folder ${tmpdir().slice(0, 200)} cannot be used (${code}). Set TMPDIR to another folder`,
    2,
  );
}
try {
  const { register } = await import('tsx/esm/api');
  register();
  const { main } = await import('./main.ts');
  process.exitCode = await main(args);
  through = true;
  if (unprinted !== null) fail(unprinted, process.exitCode || 2);
} catch (error) {
  unexpected(error);
}
