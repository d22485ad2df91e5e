'use strict';

// The isolation levels, which say what is new for each task: the levels that a pool and its tasks ask for, and the
// level that a task gets.

const check = require('./check.js');
const { invalid } = require('../errors.js');

/** The levels, weakest first. src/face/submission.rs reads the index. */
const NAMES = ['shared', 'context', 'isolate'];
const ISOLATE = NAMES.indexOf('isolate');
const CONTEXT = NAMES.indexOf('context');

const name = check.oneOf(...NAMES);

const list = (names) => names.map((name) => JSON.stringify(name)).join(' or ');

/** The isolation of one pool's tasks. */
class Isolation {
  /** Level of a handler task that asks for none. */
  level;
  /** Level of a code task that asks for none or a weaker one: code tasks do not trust each other. */
  codeLevel;
  #tasksPerWorker;

  /** @param {{ isolation: string, tasksPerWorker: number }} options - of the pool, checked */
  constructor({ isolation, tasksPerWorker }) {
    this.level = NAMES.indexOf(isolation);
    this.codeLevel = Math.max(this.level, CONTEXT);
    this.#tasksPerWorker = tasksPerWorker;
  }

  /**
   * Checks the isolation that a task asks for.
   * @param {string} field
   * @param {unknown} value
   * @returns {number} the level
   * @throws {IsolaneError} ERR_INVALID_ARG
   */
  check(field, value) {
    const level = NAMES.indexOf(name(field, value));
    if (level < this.level) {
      const why = `the pool's isolation is ${list([NAMES[this.level]])}, and a task may only ask for a stronger one`;
      throw invalid(field, value, `${list(NAMES.slice(this.level))}: ${why}`);
    }
    checkTasksPerWorker(field, value, this.#tasksPerWorker, this.level);
    return level;
  }
}

/** Refuses 'isolate' together with several tasks per worker: an isolate that is replaced after a task runs no other. */
function checkTasksPerWorker(field, value, tasksPerWorker, weakest = 0) {
  if (value !== NAMES[ISOLATE] || tasksPerWorker === 1) return;
  const why = 'an isolate that is made for one task cannot run others beside it';
  throw invalid(
    field,
    value,
    `${list(NAMES.slice(weakest, ISOLATE))} where tasksPerWorker is ${tasksPerWorker}: ${why}`,
  );
}

module.exports = { Isolation, checkTasksPerWorker, name };
