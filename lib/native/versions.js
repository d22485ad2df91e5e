'use strict';

const { version } = require('../../package.json');
const native = require('./binding.js');

/** What is inside: isolane's own version, V8's, and those of the crates between them. */
const versions = Object.freeze({ isolane: version, ...native.versions() });

module.exports = { versions };
