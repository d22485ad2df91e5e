import { readFileSync } from 'node:fs';

/**
 * Megabytes of memory that processes hold, as Linux counts them: a page that several share counts as its
 * share in each (Pss), so that processes are not charged for one library many times.
 */
export function memoryOf(pids) {
  let kilobytes = 0;
  for (const pid of pids) {
    const [, pss] = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'));
    kilobytes += Number(pss);
  }
  return kilobytes / 1024;
}
