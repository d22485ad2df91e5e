'use strict';

/**
 * The C library of a process on Linux.
 * @param {object} report - what `process.report.getReport()` gives
 * @returns {{ name: 'glibc' | 'musl', version?: string } | undefined} undefined where the report does not tell
 */
function libcOf(report) {
  const version = report?.header?.glibcVersionRuntime;
  if (version) return { name: 'glibc', version };
  const isMusl = report?.sharedObjects?.some((file) => /\b(?:ld-musl-|libc\.musl-)/.test(file));
  return isMusl ? { name: 'musl' } : undefined;
}

module.exports = { libcOf };
