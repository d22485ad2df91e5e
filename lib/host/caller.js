'use strict';

// An attempt of a task that has called host functions: the state that its calls share, which is released when the
// attempt is over.

const { setMaxListeners } = require('node:events');
const { Incoming, Outgoing } = require('./streams.js');

/** The abort reason of calls whose task is over. */
const abortReason = () => new DOMException('the task is over', 'AbortError');

class Caller {
  #controller;
  #isOver = false;
  #lastStream = 0;
  /** Number → open stream, to the task and from it. */
  #outgoing = new Map();
  #incoming = new Map();

  /** Ids of the calls that are not answered. */
  open = new Set();

  /**
   * @param {{ attempt: number, workerId: number }} call - the first one
   * @param {{ id: string, type: string, metadata?: unknown }} task
   */
  constructor({ attempt, workerId }, { id: taskId, type, metadata }) {
    this.attempt = attempt;
    const signal = () => this.#signal();
    /** The last argument of every host function that the attempt calls. */
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

  /** Made on demand: few functions use it. */
  #signal() {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      // Each call may add a listener. Their limit is `maxHostCalls`, not Node's threshold for a leak.
      setMaxListeners(0, this.#controller.signal);
      if (this.#isOver) this.#controller.abort(abortReason());
    }
    return this.#controller.signal;
  }

  /** Number of open streams to the task. */
  get outgoing() {
    return this.#outgoing.size;
  }

  /** Number of open streams from the task. */
  get incoming() {
    return this.#incoming.size;
  }

  /**
   * Opens a stream to the task.
   * @param {AsyncIterable<unknown>} source
   * @param {() => void} onEnd - called once, when it has ended
   * @returns {number} its number, by which the task asks for items
   */
  send(source, onEnd) {
    const id = ++this.#lastStream;
    const end = () => {
      this.#outgoing.delete(id);
      onEnd();
    };
    this.#outgoing.set(id, new Outgoing(source, end));
    return id;
  }

  /**
   * Opens a stream from the task.
   * @param {number} id - the number that the task gave it
   * @returns {Incoming}
   * @throws {RangeError} when a stream with this number is open
   */
  receive(id) {
    if (this.#incoming.has(id)) throw new RangeError(`stream ${id} is there already`);
    const incoming = new Incoming(() => this.#incoming.delete(id));
    this.#incoming.set(id, incoming);
    return incoming;
  }

  /** @returns {Outgoing | undefined} undefined when it is closed */
  outgoingOf(id) {
    return this.#outgoing.get(id);
  }

  /** @returns {Incoming | undefined} undefined when it is closed */
  incomingOf(id) {
    return this.#incoming.get(id);
  }

  /** Ends the attempt: aborts its signal and closes its streams. */
  end() {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#controller?.abort(abortReason());
    for (const outgoing of [...this.#outgoing.values()]) outgoing.close();
    for (const incoming of [...this.#incoming.values()]) incoming.fail(abortReason(), true);
  }
}

module.exports = { Caller };
