'use strict';

const assert = require('node:assert/strict');
const isolane = require('../..');
const { version } = require('../../package.json');
const { test } = require('../support/test.js');

test('versions names what is inside', () => {
  const { versions } = isolane;
  assert.deepEqual(Object.keys(versions), ['isolane', 'v8', 'engine']);
  assert.equal(versions.isolane, version);
  assert.match(versions.v8, /^\d+\.\d+\.\d+\.\d+/);
  assert.match(versions.engine, /^rustyscript\/\d+\.\d+\.\d+ deno_core\/\d+\.\d+\.\d+$/);
});

test('the ES module has every export of the CommonJS one', async () => {
  const module = await import('../../index.mjs');
  const { default: all, ...named } = module;
  assert.equal(all, isolane);
  assert.deepEqual({ ...named }, { ...isolane });
});
