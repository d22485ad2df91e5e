'use strict';

// One attempt of a task that has called: what its calls share, and what goes with it when it is over.

const { setMaxListeners } = require('node:events');
const { Incoming, Outgoing } = require('./streams.js');

/** With which a task that is over ends its calls. */
const over = () => new DOMException('the task is over', 'AbortError');

class Caller {
  #controller;
  #isOver = false;
  #lastStream = 0;
  /** number → stream, of those that are open. */
  #outgoing = new Map();
  #incoming = new Map();

  /** Numbers of the calls that are not answered. */
  open = new Set();

  /**
   * @param {{ attempt: number, workerId: number }} call - the first
   * @param {{ id: string, type: string, metadata?: unknown }} task
   */
  constructor({ attempt, workerId }, { id: taskId, type, metadata }) {
    this.attempt = attempt;
    const signal = () => this.#signal();
    /** The last argument of every function that is called. */
    this.context = Object.freeze({
      taskId,
      type,
      attempt,
      workerId,
      metadata,
      get signal() {
        return signal();
      },
    });
  }

  get isOver() {
    return this.#isOver;
  }

  /** Made when it is asked for: few functions do. */
  #signal() {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      // Each call may listen, and there may be many: `maxHostCalls` is their limit, and not Node's guess of a leak.
      setMaxListeners(0, this.#controller.signal);
      if (this.#isOver) this.#controller.abort(over());
    }
    return this.#controller.signal;
  }

  get outgoing() {
    return this.#outgoing.size;
  }

  get incoming() {
    return this.#incoming.size;
  }

  /** @returns {number} by which the task asks for its items */
  send(source, onEnd) {
    const id = ++this.#lastStream;
    const end = () => {
      this.#outgoing.delete(id);
      onEnd();
    };
    this.#outgoing.set(id, new Outgoing(source, end));
    return id;
  }

  /** @param {number} id - as the task has numbered it */
  receive(id) {
    if (this.#incoming.has(id)) throw new RangeError(`stream ${id} is there already`);
    const incoming = new Incoming(() => this.#incoming.delete(id));
    this.#incoming.set(id, incoming);
    return incoming;
  }

  /** @returns {Outgoing | undefined} undefined where it is closed */
  outgoingOf(id) {
    return this.#outgoing.get(id);
  }

  /** @returns {Incoming | undefined} undefined where it is closed */
  incomingOf(id) {
    return this.#incoming.get(id);
  }

  /** Tells everybody who works for it. */
  end() {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#controller?.abort(over());
    for (const outgoing of [...this.#outgoing.values()]) outgoing.close();
    for (const incoming of [...this.#incoming.values()]) incoming.fail(over(), true);
  }
}

module.exports = { Caller };
