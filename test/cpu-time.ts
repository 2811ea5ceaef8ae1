/**
 * Milliseconds of the processor that some work takes: unlike a clock's, they do not grow on a busy
 * machine.
 */
export function cpuTime(work: () => unknown): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
