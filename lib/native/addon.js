'use strict';

const { thisHost } = require('./host.js');
const { load } = require('./load.js');

// Throws where there is none: at `require('isolane')`, and not at the first pool.
module.exports = load(thisHost());
