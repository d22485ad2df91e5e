'use strict';

// The requests and responses of tasks: headers, bodies, streams in both directions, aborts.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const v8 = require('node:v8');
const vm = require('node:vm');
const { gzipSync } = require('node:zlib');
const { describe, test } = require('../support/test.js');
const { ended, runBody } = require('../support/child.js');
const { nextTurn, rejection } = require('../support/pool.js');
const { header, names, serve, text, withFetch } = require('../support/server.js');

v8.setFlagsFromString('--expose-gc');
const collectGarbage = vm.runInNewContext('gc');
const bytes = (value) => new TextEncoder().encode(value);
const echo = (request, response) => {
  response.setHeader('x-method', request.method);
  request.pipe(response);
};

test('a response has its url, status, headers and body', async (t) => {
  const server = await serve(t, {
    '/a': (_, response) => {
      response.setHeader('Set-Cookie', ['a=1', 'b=2']);
      response.setHeader('X-Name', 'value');
      response.writeHead(418, 'Short and stout');
      response.end('größe');
    },
  });
  const response = await withFetch(t, [server.host])(`${server.origin}/a?q=1#fragment`);
  const { url, status, statusText, redirected, headers } = response;
  assert.deepEqual(
    { url, status, statusText, redirected },
    { url: `${server.origin}/a?q=1`, status: 418, statusText: 'Short and stout', redirected: false },
  );
  assert.equal(header(response, 'x-name'), 'value');
  assert.deepEqual(
    headers.filter(([name]) => name === 'set-cookie'),
    [
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
    ],
  );
  assert.equal(await text(response), 'größe');
});

test('method, headers and body are sent', async (t) => {
  const server = await serve(t, { '/': echo });
  const fetch = withFetch(t, [server.host]);
  const headers = [
    ['X-One', '1'],
    ['x-one', '2'],
    ['Authorization', 'secret'],
    ['Cookie', 'a=1'],
  ];
  for (const method of ['POST', 'put', 'PATCH', 'DELETE']) {
    const response = await fetch(server.origin, { method, headers, body: bytes('sent') });
    assert.deepEqual([header(response, 'x-method'), await text(response)], [method.toUpperCase(), 'sent']);
    const { headers: seen } = server.seen.at(-1);
    assert.deepEqual(
      [seen['x-one'], seen.authorization, seen.cookie, seen['content-length']],
      ['1, 2', 'secret', 'a=1', '4'],
    );
  }
});

test('headers that frame the message or address a proxy are left out', async (t) => {
  const server = await serve(t, { '/': echo });
  const left = {
    Host: 'other.example',
    Connection: 'upgrade',
    'content-length': '5000',
    'Transfer-Encoding': 'gzip',
    Expect: '100-continue',
    'Keep-Alive': '1',
    TE: 'trailers',
    Trailer: 'X',
    Upgrade: 'websocket',
    Via: '1.1 x',
    'Proxy-Authorization': 'secret',
    'Sec-Fetch-Site': 'none',
  };
  await text(await withFetch(t, [server.host])(server.origin, { headers: Object.entries(left) }));
  const { headers } = server.seen[0];
  assert.deepEqual([headers.host, headers.connection], [server.host, 'keep-alive']);
  for (const name of Object.keys(left).slice(2)) assert.equal(headers[name.toLowerCase()], undefined, name);
});

test('a compressed response is decoded', async (t) => {
  const server = await serve(t, {
    '/': (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('x'.repeat(100_000))),
  });
  assert.equal((await text(await withFetch(t, [server.host])(server.origin))).length, 100_000);
});

test('HEAD, 204 and 304 have no body', async (t) => {
  const server = await serve(t, {
    '/': (_, response) => response.end('text'),
    '/204': (_, response) => response.writeHead(204).end(),
    '/304': (_, response) => response.writeHead(304).end(),
  });
  const fetch = withFetch(t, { allow: [server.host], maxConcurrent: 1 });
  assert.equal((await fetch(server.origin, { method: 'HEAD' })).body, null);
  assert.equal((await fetch(`${server.origin}/204`)).body, null);
  assert.equal((await fetch(`${server.origin}/304`)).body, null);
});

test('connections are kept for hosts that are listed by name, and for no others', async (t) => {
  const server = await serve(t, { '/': (_, response) => response.end('text') });
  const kept = withFetch(t, [server.host]);
  for (let i = 0; i < 5; i++) await text(await kept(server.origin, {}, { task: {} }));
  assert.ok(server.connections < 5, `${server.connections} connections`);
  assert.equal(server.seen[0].headers.connection, 'keep-alive');

  server.connections = 0;
  const { lookup } = names({ 'a.example.com': ['127.0.0.1'] });
  const list = [`*.example.com:${server.port}`, server.host];
  const others = withFetch(t, list, { lookup });
  for (let i = 0; i < 5; i++) await text(await others(`http://a.example.com:${server.port}/`));
  assert.equal(server.connections, 5);
  assert.equal(server.seen.at(-1).headers.connection, 'close');
});

describe('a request is refused as invalid when', () => {
  for (const [what, url, init, message] of [
    ['its URL is none', 'nothing', {}, /"nothing" is not a URL/],
    ['its URL is relative', '/a', {}, /not a URL/],
    ['its scheme is file:', 'file:///etc/passwd', {}, /^file: is not a scheme that tasks can fetch/],
    ['its scheme is data:', 'data:text/plain,a', {}, /^data:/],
    ['its scheme is ftp:', 'ftp://example.com/', {}, /^ftp:/],
    ['its scheme is ws:', 'ws://example.com/', {}, /^ws:/],
    ['its URL has a user', 'https://user@example.com/', {}, /no user and password/],
    ['its URL has a password', 'https://:secret@example.com/', {}, /no user and password/],
    ['its method is CONNECT', 'https://example.com/', { method: 'CONNECT' }, /CONNECT/],
    ['its method is TRACE', 'https://example.com/', { method: 'trace' }, /trace/i],
    ['its method is no token', 'https://example.com/', { method: 'GET /' }, /GET \//],
    ['a header is no token', 'https://example.com/', { headers: [['a b', '1']] }, /a b/],
    ['a header has a line break', 'https://example.com/', { headers: [['a', '1\r\nHost: b']] }, /header value/],
    ['it is GET with a body', 'https://example.com/', { body: bytes('a') }, /body/],
    ['redirect is unknown', 'https://example.com/', { redirect: 'maybe' }, /'follow', 'error' or 'manual'.*'maybe'/],
  ]) {
    test(what, async (t) => {
      const { lookup, asked } = names({});
      const error = await rejection(withFetch(t, ['example.com'], { lookup })(url, init));
      assert.ok(error instanceof TypeError);
      assert.equal(error.code, 'ERR_NET_INVALID');
      assert.match(error.message, message);
      assert.deepEqual(asked, []);
    });
  }
});

describe('a request fails when', () => {
  test('the name does not resolve', async (t) => {
    const error = await rejection(withFetch(t, ['gone.example'], names({}))('https://gone.example/'));
    assert.ok(error instanceof TypeError);
    assert.deepEqual(
      [error.code, error.message],
      ['ERR_NET_FAILED', 'the name in gone.example:443 was not found (ENOTFOUND)'],
    );
  });

  test('nobody listens, and no address is revealed', async (t) => {
    const free = await freePort();
    const allow = [`hidden.example:${free}`, `127.0.0.1:${free}`];
    const fetch = withFetch(t, allow, names({ 'hidden.example': ['127.0.0.1'] }));
    const error = await rejection(fetch(`http://hidden.example:${free}/`));
    assert.deepEqual(
      [error.code, error.message, error.cause],
      ['ERR_NET_FAILED', `the request to hidden.example:${free} failed (ECONNREFUSED)`, undefined],
    );
  });

  test('the connection ends before or within the response', async (t) => {
    const server = await serve(t, {
      '/none': (request) => request.socket.destroy(),
      '/half': (_, response) => {
        response.writeHead(200, { 'content-length': '100' });
        response.write('half', () => response.destroy());
      },
    });
    const fetch = withFetch(t, { allow: [server.host], maxConcurrent: 1 });
    for (const end of [fetch(`${server.origin}/none`), fetch(`${server.origin}/half`).then(text)]) {
      const error = await rejection(end);
      assert.deepEqual([error.constructor, error.code], [TypeError, 'ERR_NET_FAILED']);
      assert.ok(error.message.includes(server.host), error.message);
    }
  });
});

async function freePort() {
  const server = require('node:net').createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

describe('streams', () => {
  test('a response is read while the server is still writing', async (t) => {
    let write;
    const server = await serve(t, {
      '/': (_, response) => {
        write = response;
        response.write('first');
      },
    });
    const { body } = await withFetch(t, [server.host])(server.origin);
    const read = async () => Buffer.from((await body.next()).value).toString();
    assert.equal(await read(), 'first');
    write.write('second');
    assert.equal(await read(), 'second');
    write.end();
    assert.deepEqual(await body.next(), { value: undefined, done: true });
    assert.deepEqual(await body.next(), { value: undefined, done: true });
  });

  test('a request is sent while its body is still produced', async (t) => {
    const arrived = withResolvers();
    const server = await serve(t, {
      '/': (request, response) => {
        request.once('data', arrived.resolve);
        echo(request, response);
      },
    });
    async function* body() {
      yield bytes('first ');
      assert.equal(String(await arrived.promise), 'first ');
      yield bytes('second');
    }
    const response = await withFetch(t, [server.host])(server.origin, { method: 'POST', body: body() });
    assert.equal(await text(response), 'first second');
    assert.equal(server.seen[0].headers['transfer-encoding'], 'chunked');
  });

  test('a large body arrives unchanged in both directions', async (t) => {
    const server = await serve(t, { '/': echo });
    const chunk = new Uint8Array(64 * 1024).fill(7);
    async function* body() {
      for (let i = 0; i < 100; i++) yield chunk;
    }
    const response = await withFetch(t, [server.host])(server.origin, { method: 'POST', body: body() });
    let size = 0;
    for await (const part of response.body) {
      assert.ok(part.every((byte) => byte === 7));
      size += part.length;
    }
    assert.equal(size, 100 * chunk.length);
  });

  test('a body that fails ends the request with its message', async (t) => {
    const server = await serve(t, { '/': (request) => request.resume() });
    const fetch = withFetch(t, { allow: [server.host], maxConcurrent: 1 });
    async function* throws() {
      yield bytes('a');
      throw new RangeError('no more');
    }
    async function* strings() {
      yield 'a';
    }
    for (const [body, message] of [
      [throws(), 'no more'],
      [strings(), 'its chunks must be Uint8Arrays'],
    ]) {
      const error = await rejection(fetch(server.origin, { method: 'POST', body }));
      assert.deepEqual(
        [error.constructor, error.code, error.message],
        [TypeError, 'ERR_NET_FAILED', `the body of the request to ${server.host} failed: ${message}`],
      );
    }
  });

  test('a response that is not read to its end is cancelled', async (t) => {
    const closed = withResolvers();
    const server = await serve(t, {
      '/': (_, response) => {
        response.once('close', closed.resolve);
        response.write('first');
      },
    });
    const { body } = await withFetch(t, [server.host])(server.origin);
    for await (const chunk of body) {
      assert.equal(Buffer.from(chunk).toString(), 'first');
      break;
    }
    await closed.promise;
    assert.deepEqual(await body.next(), { value: undefined, done: true });
  });

  test('the rest of a request is not sent when the response has come', async (t) => {
    const server = await serve(t, { '/': (_, response) => response.end('enough') });
    const returned = withResolvers();
    const body = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise((resolve) => setImmediate(resolve, { value: new Uint8Array(1000), done: false })),
        return: async () => returned.resolve(),
      }),
    };
    const fetch = withFetch(t, { allow: [server.host], maxRequestBytes: Number.MAX_SAFE_INTEGER });
    const response = await fetch(server.origin, { method: 'POST', body });
    await text(response).catch(() => {});
    await returned.promise;
  });
});

describe('an abort', () => {
  const reason = new Error('not needed any more');

  test('before the request sends nothing', async (t) => {
    const server = await serve(t, {});
    const fetch = withFetch(t, [server.host], { signal: AbortSignal.abort(reason) });
    assert.equal(await rejection(fetch(server.origin)), reason);
    assert.equal(server.connections, 0);
  });

  test('ends a request that waits for its answer, and its body', async (t) => {
    const arrived = withResolvers();
    const closed = withResolvers();
    const server = await serve(t, {
      '/': (request, response) => {
        request.once('data', arrived.resolve);
        response.once('close', closed.resolve);
      },
    });
    const controller = new AbortController();
    const returned = withResolvers();
    const chunks = [bytes('a')];
    const body = {
      [Symbol.asyncIterator]: () => ({
        next: () => (chunks.length > 0 ? Promise.resolve({ value: chunks.pop(), done: false }) : new Promise(() => {})),
        return: async () => returned.resolve(),
      }),
    };
    const fetch = withFetch(t, [server.host], { signal: controller.signal });
    const error = rejection(fetch(server.origin, { method: 'POST', body }));
    await arrived.promise;
    controller.abort(reason);
    assert.equal(await error, reason);
    await Promise.all([closed.promise, returned.promise]);
  });

  test('ends a response that is being read', async (t) => {
    const closed = withResolvers();
    const server = await serve(t, {
      '/': (_, response) => {
        response.once('close', closed.resolve);
        response.write('first');
      },
    });
    const controller = new AbortController();
    const { body } = await withFetch(t, [server.host], { signal: controller.signal })(server.origin);
    await body.next();
    const next = rejection(body.next());
    controller.abort(reason);
    assert.equal(await next, reason);
    await closed.promise;
    assert.deepEqual(await body.next(), { value: undefined, done: true });
  });

  test('ends a response that nobody reads', async (t) => {
    const closed = withResolvers();
    const server = await serve(t, {
      '/': (_, response) => {
        response.once('close', closed.resolve);
        response.write('first');
      },
    });
    const controller = new AbortController();
    await withFetch(t, [server.host], { signal: controller.signal })(server.origin);
    controller.abort(reason);
    await closed.promise;
  });

  test('reaches its request after a garbage collection', async (t) => {
    const closed = [withResolvers(), withResolvers()];
    const server = await serve(t, {
      '/0': (_, response) => response.once('close', closed[0].resolve),
      '/1': (_, response) => {
        response.once('close', closed[1].resolve);
        response.write('first');
      },
    });
    for (const [at, { promise }] of closed.entries()) {
      const controller = new AbortController();
      const fetch = withFetch(t, [server.host], { signal: controller.signal });
      const error = rejection(fetch(`${server.origin}/${at}`).then(text));
      while (server.seen.length === at) await nextTurn();
      for (let i = 0; i < 5; i++) {
        collectGarbage();
        await nextTurn();
      }
      controller.abort(reason);
      assert.equal(await error, reason);
      await promise;
    }
  });

  test('leaves no listener on the signal after the request', async (t) => {
    const server = await serve(t, { '/': (_, response) => response.end('text') });
    const { signal } = new AbortController();
    const listeners = new Set();
    t.mock.method(signal, 'addEventListener', (_, listener) => listeners.add(listener));
    t.mock.method(signal, 'removeEventListener', (_, listener) => listeners.delete(listener));
    const fetch = withFetch(t, [server.host], { signal });
    const response = await fetch(server.origin);
    assert.equal(listeners.size, 1);
    await text(response);
    assert.equal(listeners.size, 0);
  });
});

test("Node's own fetch keeps its dispatcher, also when the environment names a proxy", async () => {
  const env = { HTTP_PROXY: 'http://127.0.0.1:1', HTTPS_PROXY: 'http://127.0.0.1:1', ALL_PROXY: 'http://127.0.0.1:1' };
  const child = await runBody(
    `
    const { Permissions, permissions } = require('./lib/options/permissions.js');
    const server = require('node:http').createServer((_, response) => response.end('text')).listen(0, '127.0.0.1');
    await require('node:events').once(server, 'listening');
    const host = '127.0.0.1:' + server.address().port;
    const given = new Permissions(permissions('permissions', { net: [host] }));
    const { status, body } = await given.fetch({ url: 'http://' + host }, { task: {} });
    for await (const chunk of body) say([status, Buffer.from(chunk).toString()]);
    say(await (await fetch('http://' + host)).text());
    const { Agent } = require('undici');
    const global = [1, 2].map((n) => globalThis[Symbol.for('undici.globalDispatcher.' + n)]).filter(Boolean);
    say([global.length > 0, global.some((dispatcher) => dispatcher instanceof Agent)]);
    server.close();
    `,
    { env },
  );
  assert.deepEqual(ended(child).said, [[200, 'text'], 'text', [true, false]]);
  assert.equal(child.stderr, '');
});

function withResolvers() {
  const it = {};
  it.promise = new Promise((resolve, reject) => Object.assign(it, { resolve, reject }));
  return it;
}
