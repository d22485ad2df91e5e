'use strict';

// Runs the same code in Node and as a code task, and compares the results.
//
// A case is a function that refers to nothing outside it but the helpers below, because only its source text crosses. Its
// result must be cloneable. It must not throw: two errors could be equal by mistake.

const assert = require('node:assert/strict');
const { after, before } = require('node:test');
const { createWorkerPool } = require('../..');
const { describe, test } = require('./test.js');

const AsyncFunction = (async () => {}).constructor;
const MAJOR = Number.parseInt(process.versions.node, 10);

/** What a case may use besides the globals. */
const HELPERS = {
  /** The name of the error that a function throws or its promise rejects with, or the value. */
  nameOf: async (attempt) => {
    try {
      return { value: await attempt() };
    } catch (error) {
      return error instanceof Error ? `threw ${error.name}` : { threw: error };
    }
  },
  /** As `nameOf`, for a synchronous function. */
  thrownBy: (attempt) => {
    try {
      return { value: attempt() };
    } catch (error) {
      return error instanceof Error ? `threw ${error.name}` : { threw: error };
    }
  },
  /** Bytes as hexadecimal digits. */
  hex: (bytes) => {
    const view = ArrayBuffer.isView(bytes)
      ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      : new Uint8Array(bytes);
    return Array.from(view, (byte) => byte.toString(16).padStart(2, '0')).join('');
  },
  bytesOf: (hex) => Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16)),
  later: (ms = 0) => new Promise((resolve) => setTimeout(resolve, ms)),
};

const prelude = Object.entries(HELPERS)
  .map(([name, helper]) => `const ${name} = ${helper};\n`)
  .join('');

const textOf = (body) => `${prelude}return (${body})();`;

/** A case for Node from this major version on. Older ones lack the API. */
const since = (major, body) => ({ major, body });

async function inNode(text) {
  // The timers of AbortSignal.timeout do not keep the process alive.
  const alive = setInterval(() => {}, 1000);
  try {
    return structuredClone(await new AsyncFunction(text)());
  } finally {
    clearInterval(alive);
  }
}

/** Starts a pool for all tests of a `describe`. @returns a function that runs a case in it */
function inIsolane() {
  let pool;
  before(async () => {
    pool = await createWorkerPool({ poolSize: 1, maxTaskRetries: 0, taskTimeout: 10_000 });
  });
  after(() => pool.shutdown(false));
  return (text) => pool.submitTask({ type: 'javascript', code: text });
}

/** Tests that each case has the same result in Node and in a code task. */
function matchesNode(title, cases) {
  describe(`${title}, as in Node`, () => {
    const run = inIsolane();
    for (const [name, entry] of Object.entries(cases)) {
      const { major, body } = typeof entry === 'function' ? { major: 0, body: entry } : entry;
      const skip = MAJOR < major && `Node ${major} is the first to have it`;
      test(name, { skip }, async () => {
        const expected = await inNode(textOf(body));
        assert.notEqual(expected, undefined, 'the case gives something');
        assert.deepEqual(await run(textOf(body)), expected);
      });
    }
  });
}

/** Tests the results of a code task that differ from those of Node. A case is `[why, body, result]`. */
function differsFromNode(title, cases) {
  describe(`${title}, other than in Node`, () => {
    const run = inIsolane();
    for (const [name, [why, body, outcome]] of Object.entries(cases)) {
      test(`${name}: ${why}`, async () => {
        assert.deepEqual(await run(textOf(body)), outcome);
      });
    }
  });
}

module.exports = { matchesNode, MAJOR, since, differsFromNode };
