'use strict';

// Redirects. Each is checked as a request of its own, and changes the request as the fetch standard says.

const assert = require('node:assert/strict');
const { describe, test } = require('../support/test.js');
const { rejection } = require('../support/pool.js');
const { header, names, serve, text, withFetch } = require('../support/server.js');

const bytes = (value) => new TextEncoder().encode(value);
const to =
  (location, status = 302) =>
  (_, response) =>
    response.writeHead(status, { location }).end('moved');
const echo = (request, response) => {
  response.writeHead(200, { 'x-method': request.method });
  request.pipe(response);
};

test('a redirect is followed, and the response has the last URL without its fragment', async (t) => {
  const server = await serve(t, { '/a': to('/b?c=1'), '/b': to('d#e'), '/d': (_, response) => response.end('there') });
  const response = await withFetch(t, [server.host])(`${server.origin}/a#f`);
  assert.deepEqual([response.url, response.redirected, await text(response)], [`${server.origin}/d`, true, 'there']);
});

describe('a redirect is refused', () => {
  test('to a host that is not listed', async (t) => {
    const [listed, other] = [await serve(t, { '/': (...args) => go(...args) }), await serve(t, { '/': echo })];
    const go = (_, response) => to(other.origin)(_, response);
    const error = await rejection(withFetch(t, [listed.host])(listed.origin));
    assert.ok(error instanceof TypeError);
    assert.deepEqual(
      [error.code, error.message],
      ['ERR_NET_FORBIDDEN', `tasks may not reach ${other.host} (permissions.net allows: ${listed.host})`],
    );
    assert.equal(other.connections, 0);
  });

  for (const [what, location, code] of [
    ['to the metadata of a cloud', 'http://169.254.169.254/latest/meta-data/', 'ERR_NET_FORBIDDEN'],
    ['to it as a number', 'http://2852039166/', 'ERR_NET_FORBIDDEN'],
    ['to it mapped into IPv6', 'http://[::ffff:169.254.169.254]/', 'ERR_NET_FORBIDDEN'],
    ['to loopback on another port', 'http://127.0.0.1:1/', 'ERR_NET_FORBIDDEN'],
    ['to https where only this port is listed', 'https://127.0.0.1/', 'ERR_NET_FORBIDDEN'],
    ['to a file', 'file:///etc/passwd', 'ERR_NET_INVALID'],
    ['to data', 'data:text/plain,a', 'ERR_NET_INVALID'],
    ['to a URL with a user', 'http://user:secret@example.com/', 'ERR_NET_INVALID'],
    ['to what is no URL', 'http://[', 'ERR_NET_INVALID'],
  ]) {
    test(what, async (t) => {
      const server = await serve(t, { '/': to(location) });
      // Every public host on the usual ports is listed.
      const error = await rejection(withFetch(t, [server.host, '*:80', '*:443'])(server.origin));
      assert.deepEqual([error.constructor, error.code], [TypeError, code], error.message);
    });
  }

  test('to a listed name whose address is not public', async (t) => {
    const server = await serve(t, { '/': to('http://inside.example/') });
    const fetch = withFetch(t, [server.host, 'inside.example'], names({ 'inside.example': ['10.0.0.5'] }));
    const error = await rejection(fetch(server.origin));
    assert.deepEqual([error.code, /inside\.example:80/.test(error.message)], ['ERR_NET_FORBIDDEN', true]);
    assert.doesNotMatch(error.message, /10\.0/);
  });
});

test('redirects end after 20', async (t) => {
  const routes = {};
  for (let i = 0; i < 30; i++) routes[`/${i}`] = to(`/${i + 1}`);
  routes['/20'] = (_, response) => response.end('there');
  const server = await serve(t, routes);
  const fetch = withFetch(t, [server.host]);
  assert.equal(await text(await fetch(`${server.origin}/0`)), 'there');
  routes['/20'] = to('/21');
  server.seen.length = 0;
  const error = await rejection(fetch(`${server.origin}/0`));
  assert.deepEqual([error.constructor, error.code, server.seen.length], [TypeError, 'ERR_NET_REDIRECT', 21]);
});

test("redirect 'error' fails, and 'manual' returns the redirect itself", async (t) => {
  const server = await serve(t, { '/': to('/b') });
  const fetch = withFetch(t, [server.host]);
  const error = await rejection(fetch(server.origin, { redirect: 'error' }));
  assert.deepEqual([error.constructor, error.code], [TypeError, 'ERR_NET_REDIRECT']);
  const response = await fetch(server.origin, { redirect: 'manual' });
  assert.deepEqual(
    [response.status, header(response, 'location'), response.redirected, response.url, await text(response)],
    [302, '/b', false, `${server.origin}/`, 'moved'],
  );
  assert.equal(server.seen.length, 2);
});

test('a redirect without a location is returned as a response', async (t) => {
  const server = await serve(t, { '/': (_, response) => response.writeHead(302).end('nowhere') });
  const response = await withFetch(t, [server.host])(server.origin);
  assert.deepEqual([response.status, await text(response)], [302, 'nowhere']);
});

describe('after a redirect', () => {
  for (const [status, method, then] of [
    [301, 'POST', 'GET'],
    [302, 'POST', 'GET'],
    [303, 'POST', 'GET'],
    [303, 'PUT', 'GET'],
    [301, 'PUT', 'PUT'],
    [302, 'DELETE', 'DELETE'],
    [307, 'POST', 'POST'],
    [308, 'PATCH', 'PATCH'],
  ]) {
    test(`${status}, ${method} is ${then}`, async (t) => {
      const server = await serve(t, { '/': to('/b', status), '/b': echo });
      const headers = [
        ['content-type', 'text/plain'],
        ['content-language', 'en'],
        ['x-kept', '1'],
      ];
      const response = await withFetch(t, [server.host])(server.origin, { method, headers, body: bytes('body') });
      const keeps = then !== 'GET';
      assert.deepEqual([header(response, 'x-method'), await text(response)], [then, keeps ? 'body' : '']);
      const { headers: seen } = server.seen[1];
      assert.deepEqual(
        [seen['content-type'], seen['content-language'], seen['content-length'], seen['x-kept']],
        keeps ? ['text/plain', 'en', '4', '1'] : [undefined, undefined, undefined, '1'],
      );
    });
  }

  test('303, HEAD is HEAD', async (t) => {
    const server = await serve(t, { '/': to('/b', 303), '/b': echo });
    const response = await withFetch(t, [server.host])(server.origin, { method: 'HEAD' });
    assert.deepEqual([header(response, 'x-method'), response.body], ['HEAD', null]);
  });

  test('a streamed body is dropped by 303 and fails with any other status', async (t) => {
    const server = await serve(t, {
      '/307': (request, response) => request.resume().once('end', () => to('/b', 307)(request, response)),
      '/302': (request, response) => request.resume().once('end', () => to('/b', 302)(request, response)),
      '/303': (request, response) => request.resume().once('end', () => to('/b', 303)(request, response)),
      '/b': echo,
    });
    const fetch = withFetch(t, [server.host]);
    async function* body() {
      yield bytes('once');
    }
    const send = (path) => fetch(`${server.origin}${path}`, { method: 'POST', body: body() });
    for (const path of ['/307', '/302']) {
      const error = await rejection(send(path));
      assert.deepEqual([error.constructor, error.code], [TypeError, 'ERR_NET_REDIRECT']);
      assert.match(error.message, /body was a stream/);
    }
    const response = await send('/303');
    assert.deepEqual([header(response, 'x-method'), await text(response)], ['GET', '']);
  });

  test('authorization and cookie are not sent to another origin', async (t) => {
    const other = await serve(t, { '/': echo, '/back': (_, response) => to(`${server.origin}/end`)(_, response) });
    const server = await serve(t, { '/': to('/same'), '/same': to(`${other.origin}/back`), '/end': echo });
    const headers = [
      ['Authorization', 'secret'],
      ['Cookie', 'a=1'],
      ['X-Kept', '1'],
    ];
    await text(await withFetch(t, [server.host, other.host])(server.origin, { headers }));
    const sent = [...server.seen.slice(0, 2), ...other.seen, ...server.seen.slice(2)].map(({ headers }) => [
      headers.authorization,
      headers.cookie,
      headers['x-kept'],
    ]);
    const all = ['secret', 'a=1', '1'];
    const kept = [undefined, undefined, '1'];
    assert.deepEqual(sent, [all, all, kept, kept]);
  });
});
