'use strict';

// Units and counts, as metrics and messages show them.

const MB = 1024 * 1024;

/** Bytes in MB, with two decimals. */
const toMB = (bytes) => Math.round((bytes / MB) * 100) / 100;

/** A number with its noun, such as '1 failure' and '2 failures'. */
const count = (number, noun) => (number === 1 ? `1 ${noun}` : `${number} ${noun}s`);

module.exports = { count, MB, toMB };
