'use strict';

// The option `permissions`: its values and defaults.

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { createWorkerPool } = require('../..');
const { Permissions, permissions } = require('../../lib/options/permissions.js');
const { failure, rejection, withPool } = require('../support/pool.js');

const notAnInteger = ['4', null, true, {}, 1.5, -1, NaN];

const wrong = {
  permissions: [5, null, 'all', [], true],
  'permissions.net': [5, null, 'example.com', true],
  'permissions.net[0]': [5, null, '', 'https://example.com'],
  'permissions.net.allow': [5, null, 'example.com', {}],
  'permissions.net.allow[0]': [5, null, '*'],
  'permissions.net.maxRequests': notAnInteger,
  'permissions.net.maxConcurrent': [...notAnInteger, 0],
  'permissions.net.maxRequestBytes': notAnInteger,
  'permissions.net.maxResponseBytes': notAnInteger,
  'permissions.net.timeout': ['4', null, true, {}, 0, -1, NaN],
  'permissions.imports': [5, null, 'tools', []],
  'permissions.imports["tools"]': [5, null, '', {}, [], { filename: 'a.mjs' }, new URL('https://example.com/a.mjs')],
};

/** { a: { b: value } } for 'a.b', { a: [value] } for 'a[0]'. */
function at(field, value) {
  const names = [...field.matchAll(/\["(\w+)"\]|\[(\d)\]|\w+/g)].map(
    ([name, quoted, index]) => quoted ?? index ?? name,
  );
  return names.reduceRight((inner, name) => (name === '0' ? [inner] : { [name]: inner }), value);
}

for (const [field, values] of Object.entries(wrong)) {
  test(`${field}: invalid values are refused with their path`, async () => {
    for (const value of values) {
      const error = await failure(createWorkerPool({ poolSize: 1, ...at(field, value) }), 'ERR_INVALID_ARG');
      assert.equal(error.field.replace(/^(permissions\.imports\["tools"\]).*/, '$1'), field);
      assert.match(error.message, / must be .+, got .+/);
    }
  });
}

test('unknown names are refused with the known ones', async () => {
  for (const [options, names] of [
    [{ network: [] }, /^permissions .*imports, net.*"network"/],
    [{ net: { allowed: [] } }, /^permissions\.net .*allow, .*maxRequests.*"allowed"/],
    [{ imports: { tools: { code: '', path: '' } } }, /^permissions\.imports\["tools"\] .*code, filename.*"path"/],
  ]) {
    assert.match((await failure(createWorkerPool({ permissions: options }), 'ERR_INVALID_ARG')).message, names);
  }
});

test('limits have defaults, also when net is an array', () => {
  const defaults = {
    maxRequests: 1000,
    maxConcurrent: 16,
    maxRequestBytes: 16 * 2 ** 20,
    maxResponseBytes: 64 * 2 ** 20,
    timeout: 60_000,
  };
  for (const net of [['example.com'], { allow: ['example.com'] }]) {
    const { rules, ...limits } = permissions('permissions', { net }).net;
    assert.deepEqual([String(rules), limits], ['example.com', defaults]);
  }
  const { maxRequests, timeout } = permissions('permissions', { net: { maxRequests: 5, timeout: Infinity } }).net;
  assert.deepEqual([maxRequests, timeout], [5, Infinity]);
});

test('a pool takes permissions', async (t) => {
  await withPool(t, { permissions: {} });
  await withPool(t, { permissions: { net: ['api.example.com:443'], imports: { 'app:tools': { code: '' } } } });
});

test('without permissions nothing can be reached', async () => {
  for (const given of [new Permissions(), new Permissions(permissions('permissions', {}))]) {
    const error = await rejection(given.fetch({ url: 'http://127.0.0.1/' }, { task: {} }));
    assert.ok(error instanceof TypeError);
    assert.deepEqual(
      [error.code, error.message],
      ['ERR_NET_FORBIDDEN', 'tasks may not reach 127.0.0.1:80 (permissions.net allows: none)'],
    );
    assert.deepEqual(await given.imports(), []);
    await given.close();
  }
});
