'use strict';

const { IsolaneError } = require('../errors.js');
const { packageOf, PLATFORMS } = require('./platforms.js');
const { remedyFor } = require('./remedy.js');

/**
 * What `require('isolane')` throws where the addon does not load.
 *
 * @param {import('./host.js').Host} host
 * @param {Array<{ path: string, error: Error }>} tried - each place, with its own error
 * @returns {IsolaneError} `ERR_NATIVE_LOAD`, with `tried`
 */
function loadError(host, tried) {
  const { reason, command } = remedyFor(host, tried);
  const lines = [`the native part of isolane ${host.version} does not load on ${describe(host)}: ${reason}`];
  if (command !== undefined) lines.push(`  what helps: ${command}`);
  // The first line is the message; what Node adds is the stack of requires, which is all ours.
  for (const { path, error } of tried) lines.push(`  tried ${path}: ${error.message.split('\n', 1)[0]}`);
  lines.push(`  there are packages for ${PLATFORMS.map(packageOf).join(', ')}`);
  const error = new IsolaneError('ERR_NATIVE_LOAD', lines.join('\n'), { cause: tried.at(-1)?.error });
  // Hidden where an uncaught error is printed: the message has it already.
  return Object.defineProperty(error, 'tried', { value: tried });
}

function describe(host) {
  const libc = host.libc();
  const parts = [
    host.platform,
    host.arch,
    libc && `${libc.name} ${libc.version ?? ''}`.trim(),
    `Node.js ${host.versions.node}`,
  ];
  return parts.filter(Boolean).join(', ');
}

module.exports = { loadError };
