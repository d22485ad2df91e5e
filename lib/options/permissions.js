'use strict';

// The option `permissions`: the hosts that tasks may reach by `fetch`, and the modules that they may import by name.
// By default there are none.

const check = require('./check.js');
const { invalid } = require('../errors.js');
const { createFetch } = require('../fetch/fetch.js');
const { checkImports, resolveImports } = require('../modules/imports.js');
const { Rules } = require('../fetch/net-rules.js');
const { MB } = require('../units.js');

const NET_DEFAULTS = {
  maxRequests: 1000,
  maxConcurrent: 16,
  maxRequestBytes: 16 * MB,
  maxResponseBytes: 64 * MB,
  timeout: 60_000,
};
const NET = {
  allow: Rules.read,
  maxRequests: check.integer(0),
  maxConcurrent: check.integer(1),
  maxRequestBytes: check.integer(0),
  maxResponseBytes: check.integer(0),
  timeout: check.duration(1),
};
const CHECKS = { net, imports: checkImports };

/**
 * Checks the option.
 * @param {string} field
 * @param {unknown} value - as the user gave it
 * @returns {{ net: { rules: Rules, maxRequests: number, maxConcurrent: number, maxRequestBytes: number,
 *   maxResponseBytes: number, timeout: number }, imports: Record<string, any> }} for {@link Permissions}
 * @throws {IsolaneError} ERR_INVALID_ARG
 */
function permissions(field, value) {
  return check.group(field, check.object(field, value), CHECKS, nothing());
}

const nothing = () => ({ net: { ...NET_DEFAULTS, rules: new Rules() }, imports: {} });

function net(field, value) {
  if (Array.isArray(value)) return { ...NET_DEFAULTS, rules: Rules.read(field, value) };
  if (typeof value !== 'object' || value === null) {
    throw invalid(field, value, 'an array of hosts, or an object with such an array in allow');
  }
  const { allow: rules = new Rules(), ...limits } = check.group(field, value, NET, NET_DEFAULTS);
  return { rules, ...limits };
}

/** The permissions of one pool, and what carries them out. */
class Permissions {
  #imports;
  /** Whether there is any host that tasks may reach. */
  allowsNet;

  /** @param {ReturnType<typeof permissions>} [resolved] - without it, nothing is allowed */
  constructor({ net, imports } = nothing()) {
    this.#imports = imports;
    this.allowsNet = !net.rules.isEmpty;
    /** @type {ReturnType<typeof createFetch>} */
    this.fetch = createFetch(net);
  }

  /** Reads the modules that tasks may import, see `resolveImports`. */
  imports() {
    return resolveImports(this.#imports);
  }

  /** Closes all connections. */
  close() {
    return this.fetch.close();
  }
}

module.exports = { Permissions, permissions };
