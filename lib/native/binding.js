'use strict';

// What the addon exports. The build writes its types to binding.d.ts.

module.exports = require('./addon.js').binding;
