'use strict';

// node:test with limits: a test that hangs fails and names itself, and so does a file whose process
// stays alive after its last test.

const { after, describe, test } = require('node:test');

const LIMIT = 30_000;
const ALIVE = 10_000;

after(() => {
  const giveUp = () => {
    console.error('the process is still alive after the last test');
    process.exit(1);
  };
  setTimeout(giveUp, ALIVE).unref();
});

module.exports = {
  describe,
  test: (name, ...rest) => {
    const body = rest.pop();
    return test(name, { timeout: LIMIT, ...rest[0] }, body);
  },
};
