'use strict';

/**
 * What a pool rejects and throws with. `code` tells the cases apart; `cause` is the task's own error
 * or the reason of the caller's signal.
 */
class IsolaneError extends Error {
  /**
   * @param {string} code
   * @param {string} message
   * @param {object} [details] - `cause`, and own properties such as `taskId` and `attempts`
   */
  constructor(code, message, { cause, ...properties } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    for (const name in properties) {
      if (properties[name] !== undefined) this[name] = properties[name];
    }
  }
}
Object.defineProperty(IsolaneError.prototype, 'name', {
  value: 'IsolaneError',
  configurable: true,
  writable: true,
});

/**
 * @param {string} field - as the user wrote it, such as `poolSize` or `task.priority`
 * @param {unknown} value
 * @param {string} allowed - completes "must be …"
 */
function invalid(field, value, allowed) {
  return new IsolaneError('ERR_INVALID_ARG', `${field} must be ${allowed}, got ${show(value)}`, { field, value });
}

/** A value for a message, in few words. */
function show(value) {
  if (typeof value === 'string') return JSON.stringify(value.length > 100 ? `${value.slice(0, 100)}…` : value);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return value.name ? `the function ${value.name}` : 'a function';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object' && value !== null) return `an object (${value.constructor?.name ?? 'no prototype'})`;
  return String(value);
}

module.exports = { IsolaneError, invalid, show };
