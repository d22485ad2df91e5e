'use strict';

// Runs code that may kill or hang its process in a child process.

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const path = require('node:path');

const ROOT = path.join(__dirname, '..', '..');
const LIMIT = 25_000;

const PRELUDE = `
  const isolane = require(${JSON.stringify(ROOT)});
  const { createWorkerPool } = isolane;
  const start = (options) => createWorkerPool({ poolSize: 1, maxTaskRetries: 0, ...options });
  const say = (value) => console.log(JSON.stringify(value));
  process.on('unhandledRejection', (error) => { console.error(error); process.exit(99); });
`;

/**
 * Runs the body of an async function, in which `isolane`, `start(options)` and `say(value)` are there.
 * @returns {Promise<{ code: number | null, signal: string | null, stdout: string, stderr: string, said: unknown[] }>}
 */
const runBody = (body, options) => runNode(['-e', `${PRELUDE}(async () => {${body}})();`], options);

/** Runs Node with these arguments. After `limit` ms it is killed, with the signal SIGKILL. */
function runNode(args, { env = {}, cwd = ROOT, limit = LIMIT, node = process.execPath } = {}) {
  const { NODE_TEST_CONTEXT, NODE_OPTIONS, ...clean } = process.env;
  return new Promise((resolve, reject) => {
    const child = spawn(node, args, { cwd, env: { ...clean, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    const timer = setTimeout(() => child.kill('SIGKILL'), limit);
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr']) {
      child[name].setEncoding('utf8').on('data', (text) => {
        output[name] += text;
      });
    }
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      const said = output.stdout.split('\n').filter(Boolean).map(parse);
      resolve({ code, signal, ...output, said });
    });
  });
}

function parse(line) {
  try {
    return JSON.parse(line);
  } catch {
    return line;
  }
}

/** Asserts that a child exited by itself with this code. */
function ended(child, code = 0) {
  assert.deepEqual(
    { code: child.code, signal: child.signal },
    { code, signal: null },
    `${child.stdout}\n${child.stderr}`,
  );
  return child;
}

module.exports = { ended, ROOT, runBody, runNode };
