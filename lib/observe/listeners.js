'use strict';

// The listeners of a pool: tells the native pool which events anybody listens to, and calls the listeners.

const { EventEmitter } = require('node:events');
const { textOf } = require('../values/clone.js');

/** Frequent events. The native pool makes them only where there are listeners. */
const TOPICS = ['task-started', 'task-completed', 'task-failed', 'task-retried', 'task-dead-lettered'];

/** The listeners of one EventEmitter. */
class Listeners {
  #emitter;
  #console;
  #subscribe;

  /**
   * @param {EventEmitter} emitter
   * @param {'event' | 'inherit' | 'ignore'} console - the pool's option
   * @param {(topics: string[]) => void} subscribe - gets the frequent events that are wanted, all of them each time
   */
  constructor(emitter, console, subscribe) {
    this.#emitter = emitter;
    this.#console = console;
    this.#subscribe = subscribe;
    this.observe();
  }

  /** Begins to observe which listeners come and go, also again after all listeners were removed. */
  observe() {
    const { on } = EventEmitter.prototype;
    // Node emits these before it adds a listener and after it has removed one.
    on.call(this.#emitter, 'newListener', (name) => this.#update(name));
    on.call(this.#emitter, 'removeListener', () => this.#update());
    this.#update();
  }

  #update(added) {
    const isWanted = (name) => name === added || this.#emitter.listenerCount(name) > 0;
    const topics = TOPICS.filter(isWanted);
    if (this.#console === 'inherit' || (this.#console === 'event' && isWanted('console'))) topics.push('console');
    this.#subscribe(topics);
  }

  /**
   * Calls the listeners of an event. One that throws causes a process warning; the others are called nevertheless.
   * @param {string} name
   * @param {object} details
   */
  emit(name, details) {
    const emitter = this.#emitter;
    if (emitter.listenerCount(name) === 0) return;
    for (const listener of emitter.rawListeners(name)) {
      try {
        Reflect.apply(listener, emitter, [details]);
      } catch (error) {
        process.emitWarning(`a listener of '${name}' threw: ${describe(error)}`, 'IsolaneWarning');
      }
    }
  }
}

/** The text of anything that was thrown. Never throws. */
function describe(error) {
  try {
    return String(error?.stack ?? error);
  } catch {
    return textOf(error);
  }
}

module.exports = { Listeners };
