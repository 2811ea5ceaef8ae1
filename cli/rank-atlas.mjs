#!/usr/bin/env node
/** The command `rank-atlas`: registers the TypeScript loader and hands over to `main.ts`. Whatever happens ends in a sentence. */
import { accessSync, constants, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';

const args = process.argv.slice(2);

/** Options whose files are wanted even where nobody reads what is printed. */
const WRITES = /^--(out|out-model|dump|checkpoint)(=|$)/;

function endedBy(stream) {
  stream.on('error', ({ code }) => {
    // A pipe that closes early (`| head`) is not an error of ours.
    if (code === 'EPIPE') {
      if (!args.some((word) => WRITES.test(word))) process.exit(0);
    } else fail(`what is printed cannot be written (${code})`, 2);
  });
}

function fail(why, code) {
  try {
    console.error(`rank-atlas: ${why}.`);
  } finally {
    process.exit(code);
  }
}

const unexpected = (error) => fail(`an unexpected failure (${String(error?.message ?? error).split('\n')[0].slice(0, 300)}); please report it, with the command`, 1);

endedBy(process.stdout);
endedBy(process.stderr);
process.on('uncaughtException', unexpected);
process.on('unhandledRejection', unexpected);
try {
  process.cwd();
} catch {
  fail('the folder it was started in is not there any more', 2);
}
try {
  // The loader keeps what it translated there.
  mkdirSync(tmpdir(), { recursive: true });
  accessSync(tmpdir(), constants.W_OK);
} catch ({ code }) {
  fail(`the folder for temporary files, ${tmpdir().slice(0, 200)}, cannot be used (${code}); set TMPDIR to one that can`, 2);
}
try {
  const { register } = await import('tsx/esm/api');
  register();
  const { main } = await import('./main.ts');
  process.exitCode = await main(args);
} catch (error) {
  unexpected(error);
}
