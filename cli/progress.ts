/** Rewrites one line of progress in place on a terminal. Prints nothing to a log file. */
import { plain } from './terminal.ts';

export function line(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${plain(text)}`);
}

export function clearLine(): void {
  line('');
}
