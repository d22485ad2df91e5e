'use strict';

// What is fresh when a task begins: what a pool and a task ask for, and what the task gets.

const check = require('./check.js');
const { invalid } = require('../errors.js');

/** From the weakest; the place is the number that src/face/submission.rs reads. */
const NAMES = ['shared', 'context', 'isolate'];
const ISOLATE = NAMES.indexOf('isolate');
const CONTEXT = NAMES.indexOf('context');

const name = check.oneOf(...NAMES);

const list = (names) => names.map((name) => JSON.stringify(name)).join(' or ');

/** What the tasks of a pool may ask for, and what they get where they do not ask. */
class Isolation {
  /** Of a handler task that asks for none. */
  level;
  /** Of a code task: those are strangers to each other. */
  codeLevel;
  #tasksPerWorker;

  /** @param {{ isolation: string, tasksPerWorker: number }} options - of the pool, checked */
  constructor({ isolation, tasksPerWorker }) {
    this.level = NAMES.indexOf(isolation);
    this.codeLevel = Math.max(this.level, CONTEXT);
    this.#tasksPerWorker = tasksPerWorker;
  }

  /**
   * @param {string} field
   * @param {unknown} value - that a task gives
   * @returns {number} the level
   * @throws {IsolaneError} ERR_INVALID_ARG
   */
  check(field, value) {
    const level = NAMES.indexOf(name(field, value));
    if (level < this.level) {
      const why = `the pool's isolation is ${list([NAMES[this.level]])}, and a task may only ask for a stronger one`;
      throw invalid(field, value, `${list(NAMES.slice(this.level))}: ${why}`);
    }
    checkRoom(field, value, this.#tasksPerWorker, this.level);
    return level;
  }
}

/** An isolate that is to be replaced after a task cannot have others in flight. */
function checkRoom(field, value, tasksPerWorker, weakest = 0) {
  if (value !== NAMES[ISOLATE] || tasksPerWorker === 1) return;
  const why = 'an isolate that is made for one task cannot run others beside it';
  throw invalid(
    field,
    value,
    `${list(NAMES.slice(weakest, ISOLATE))} where tasksPerWorker is ${tasksPerWorker}: ${why}`,
  );
}

module.exports = { Isolation, checkRoom, name };
