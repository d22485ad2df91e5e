'use strict';

// The address that is checked is the one that is connected to, whatever the name resolves to in between.

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const path = require('node:path');
const { describe, test } = require('../support/test.js');
const { ended, runBody } = require('../support/child.js');
const { folder } = require('../support/folder.js');
const { rejection } = require('../support/pool.js');
const { names, serve, text, withFetch } = require('../support/server.js');

const answer = (_, response) => response.end('text');

describe('a listed name', () => {
  for (const address of ['127.0.0.1', '::1', '::ffff:127.0.0.1', '10.0.0.5', '169.254.169.254', 'fd00:ec2::254']) {
    test(`that resolves to ${address} is refused, and the address is not revealed`, async (t) => {
      const server = await serve(t, { '/': answer });
      const fetch = withFetch(t, [`inside.example:${server.port}`], names({ 'inside.example': [address] }));
      const error = await rejection(fetch(`http://inside.example:${server.port}/`));
      assert.deepEqual([error.constructor, error.code], [TypeError, 'ERR_NET_FORBIDDEN']);
      assert.ok(error.message.startsWith(`inside.example:${server.port} has no public address`), error.message);
      assert.ok(!error.message.includes(address));
      assert.equal(error.cause, undefined);
      assert.equal(server.connections, 0);
    });
  }

  test('is resolved once for each connection, which goes to the checked address', async (t) => {
    const server = await serve(t, { '/': answer });
    // The first answer of the resolver is allowed. The second one is not, but the name is not resolved again.
    const { lookup, asked } = names({ 'moves.example': [['127.0.0.1'], ['127.0.0.2']] });
    const fetch = withFetch(t, [`moves.example:${server.port}`, server.host], { lookup });
    assert.equal(await text(await fetch(`http://moves.example:${server.port}/`)), 'text');
    assert.equal(server.seen[0].headers.host, `moves.example:${server.port}`);
    assert.deepEqual(asked, ['moves.example']);
  });

  test('that resolves to an internal address later is refused then', async (t) => {
    const server = await serve(t, {
      '/': (_, response) => response.writeHead(200, { connection: 'close' }).end('text'),
    });
    const other = await serve(t, { '/': answer });
    const table = { 'moves.example': [['127.0.0.1'], ['127.0.0.2']] };
    const fetch = withFetch(t, [`moves.example:${server.port}`, server.host, other.host], names(table));
    const url = `http://moves.example:${server.port}/`;
    assert.equal(await text(await fetch(url)), 'text');
    assert.equal((await rejection(fetch(url))).code, 'ERR_NET_FORBIDDEN');
  });

  test('with an allowed and another address is reached at the allowed one', async (t) => {
    const server = await serve(t, { '/': answer });
    const table = { 'both.example': ['169.254.169.254', 'fe80::1', '127.0.0.1', '10.0.0.1'] };
    const fetch = withFetch(t, [`both.example:${server.port}`, server.host], names(table));
    assert.equal(await text(await fetch(`http://both.example:${server.port}/`)), 'text');
  });
});

test('a name that is not listed is not resolved', async (t) => {
  const { lookup, asked } = names({ 'secret-in-a-name.example': ['8.8.8.8'] });
  const fetch = withFetch(t, ['api.example.com'], { lookup });
  assert.equal((await rejection(fetch('https://secret-in-a-name.example/'))).code, 'ERR_NET_FORBIDDEN');
  assert.deepEqual(asked, []);
});

test('localhost is reached when it is listed, at any loopback address', async (t) => {
  const server = await serve(t, { '/': answer });
  const url = `http://localhost:${server.port}/`;
  const table = () => names({ localhost: ['::1', '127.0.0.1'] });
  assert.equal(await text(await withFetch(t, [`localhost:${server.port}`], table())(url)), 'text');
  assert.equal(await text(await withFetch(t, [`localhost:${server.port}`])(url)), 'text');
  for (const list of [['localhost'], [`*:${server.port}`], [server.host]]) {
    const error = await rejection(withFetch(t, list, table())(url));
    assert.equal(error.code, 'ERR_NET_FORBIDDEN', String(list));
  }
});

test('a connection is not used for another host or port that has the same address', async (t) => {
  const server = await serve(t, { '/': answer });
  const table = { 'a.example': ['127.0.0.1'], 'b.example': ['127.0.0.1'] };
  const fetch = withFetch(t, [`a.example:${server.port}`, server.host], names(table));
  assert.equal(await text(await fetch(`http://a.example:${server.port}/`)), 'text');
  assert.equal((await rejection(fetch(`http://b.example:${server.port}/`))).code, 'ERR_NET_FORBIDDEN');
});

const openssl = (() => {
  try {
    execFileSync('openssl', ['version']);
    return { skip: false };
  } catch {
    return { skip: 'there is no openssl to make a certificate' };
  }
})();

test('https goes to the checked address, and its certificate is that of the name', openssl, async (t) => {
  const at = folder(t, {});
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => path.join(at, name));
  const names = ['-subj', '/CN=test', '-addext', 'subjectAltName=DNS:secure.example'];
  const make = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', key, '-out', cert, ...names];
  execFileSync('openssl', make, { stdio: 'ignore' });
  const child = await runBody(
    `
    const { readFileSync } = require('node:fs');
    const { names, text } = require('./__test__/support/server.js');
    const { createFetch } = require('./lib/fetch/fetch.js');
    const { permissions } = require('./lib/options/permissions.js');
    const listen = async (server) => (await require('node:events').once(server.listen(0, '127.0.0.1'), 'listening'), server);
    const plain = await listen(require('node:http').createServer((_, response) => response.end('plain')));
    const server = await listen(require('node:https').createServer(
      { key: readFileSync(${JSON.stringify(key)}), cert: readFileSync(${JSON.stringify(cert)}) },
      ({ url, socket }, response) => {
        if (url === '/down') response.writeHead(302, { location: 'http://127.0.0.1:' + plain.address().port });
        response.end(socket.servername);
      },
    ));
    const { port } = server.address();
    const { lookup } = names({ 'secure.example': ['127.0.0.1'], 'other.example': ['127.0.0.1'] });
    const hosts = ['secure.example:' + port, 'other.example:' + port, '127.0.0.1:' + port];
    const get = (url, allow = hosts) =>
      createFetch(permissions('permissions', { net: allow }).net, { lookup })({ url }, { task: {} })
        .then(text, (error) => [error.code, error.message.replace(/:\\d+/g, '')]);
    say(await get('https://secure.example:' + port));
    say(await get('https://secure.example.:' + port));
    say(await get('https://other.example:' + port));
    say(await get('https://secure.example:' + port, [hosts[0]]));
    say(await get('https://secure.example:' + port + '/down').then(([code]) => code));
    say(await get('https://secure.example:' + port + '/down', [...hosts, '127.0.0.1:' + plain.address().port]));
    process.exit();
    `,
    { env: { NODE_EXTRA_CA_CERTS: cert } },
  );
  assert.deepEqual(ended(child).said, [
    'secure.example',
    'secure.example',
    ['ERR_NET_FAILED', 'the request to other.example failed (ERR_TLS_CERT_ALTNAME_INVALID)'],
    ['ERR_NET_FORBIDDEN', 'secure.example has no public address, and permissions.net does not list the one it has'],
    'ERR_NET_FORBIDDEN',
    'plain',
  ]);
});
