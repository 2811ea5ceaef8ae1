/** One line of progress, rewritten in place on a terminal; nothing of it in a log file. */

export function line(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

export function clearLine(): void {
  line('');
}
