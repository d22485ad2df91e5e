'use strict';

// The limits of a task's requests: number, concurrency, bytes and time.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { gzipSync } = require('node:zlib');
const { describe, test } = require('../support/test.js');
const { nextTurn, rejection } = require('../support/pool.js');
const { serve, text, withFetch } = require('../support/server.js');

function limited(error, name) {
  assert.deepEqual([error.constructor, error.code], [TypeError, 'ERR_NET_LIMIT'], error.stack);
  assert.ok(error.message.includes(`(permissions.net.${name})`), error.message);
  return error;
}

const answer = (_, response) => response.end('text');

describe('maxRequests', () => {
  test('counts the requests of each task', async (t) => {
    const server = await serve(t, { '/': answer });
    const fetch = withFetch(t, { allow: [server.host], maxRequests: 2 });
    const [one, other] = [{ task: {} }, { task: {} }];
    for (const by of [one, other, one, other]) await text(await fetch(server.origin, {}, by));
    for (const by of [one, other]) {
      const error = limited(await rejection(fetch(server.origin, {}, by)), 'maxRequests');
      assert.match(error.message, /its 2 requests/);
    }
    assert.equal(server.seen.length, 4);
  });

  test('counts redirects, but not refused requests', async (t) => {
    const server = await serve(t, {
      '/': (_, response) => response.writeHead(302, { location: '/' }).end(),
      '/a': answer,
    });
    const fetch = withFetch(t, { allow: [server.host], maxRequests: 5 });
    assert.equal((await rejection(fetch('http://other.example'))).code, 'ERR_NET_FORBIDDEN');
    await text(await fetch(`${server.origin}/a`));
    limited(await rejection(fetch(server.origin)), 'maxRequests');
    assert.equal(server.seen.length, 5);
  });
});

describe('maxConcurrent', () => {
  test('queues further requests of a task, in order', async (t) => {
    const open = [];
    const server = await serve(t, { '/': (request, response) => open.push({ request, response }) });
    const arrived = async (n) => {
      while (open.length < n) await nextTurn();
      // A further request would have arrived by now.
      await nextTurn();
    };
    const fetch = withFetch(t, { allow: [server.host], maxConcurrent: 2 });
    const ends = Array.from({ length: 4 }, (_, i) => fetch(`${server.origin}/?${i}`).then(text));
    await arrived(2);
    assert.equal(open.length, 2);
    const other = fetch(`${server.origin}/?other`, {}, { task: {} }).then(text);
    await arrived(3);
    assert.equal(open[2].request.url, '/?other');
    for (let i = 0; i < 5; i++) {
      await arrived(Math.min(3 + i, 5));
      open[i].response.end('text');
    }
    assert.deepEqual(await Promise.all([...ends, other]), Array(5).fill('text'));
    const urls = open.map(({ request }) => request.url);
    assert.deepEqual(urls.slice(0, 2).sort(), ['/?0', '/?1']);
    assert.deepEqual(urls.slice(3), ['/?2', '/?3']);
  });

  test('counts a request until its response was read, returned or failed', async (t) => {
    const server = await serve(t, {
      '/': answer,
      '/cut': (_, response) => {
        response.writeHead(200, { 'content-length': '100' });
        response.write('half', () => response.destroy());
      },
    });
    const fetch = withFetch(t, { allow: [server.host], maxConcurrent: 1 });
    for (const release of [
      (response) => text(response),
      ({ body }) => body.return(),
      ({ body }) => body.return().then(() => body.return()),
    ]) {
      await release(await fetch(server.origin));
    }
    await rejection(fetch(`${server.origin}/cut`).then(text));
    await rejection(fetch('http://other.example'));
    await rejection(fetch(server.origin, { method: 'a b' }));
    const held = await fetch(server.origin);
    let isOver = false;
    const next = fetch(server.origin).then((response) => {
      isOver = true;
      return text(response);
    });
    for (let i = 0; i < 20; i++) await nextTurn();
    assert.equal(isOver, false);
    await text(held);
    assert.equal(await next, 'text');
  });

  test('is released once by a request that ends early', async (t) => {
    const server = await serve(t, { '/': answer, '/never': () => {} });
    const fetch = withFetch(t, { allow: [server.host], maxConcurrent: 1 });
    const task = {};
    const controller = new AbortController();
    const ended = rejection(fetch(`${server.origin}/never`, {}, { task, signal: controller.signal }));
    while (server.seen.length === 0) await nextTurn();
    controller.abort();
    await ended;
    const held = await fetch(server.origin, {}, { task });
    const next = fetch(server.origin, {}, { task });
    for (let i = 0; i < 20; i++) await nextTurn();
    assert.equal(server.seen.length, 2);
    await text(held);
    assert.equal(await text(await next), 'text');
  });

  test('removes a request that is aborted while it waits', async (t) => {
    const server = await serve(t, { '/': answer });
    const fetch = withFetch(t, { allow: [server.host], maxConcurrent: 1 });
    const task = {};
    const held = await fetch(server.origin, {}, { task });
    const controller = new AbortController();
    const aborted = rejection(fetch(server.origin, {}, { task, signal: controller.signal }));
    const next = fetch(server.origin, {}, { task }).then(text);
    controller.abort(new Error('enough'));
    assert.equal((await aborted).message, 'enough');
    await text(held);
    assert.equal(await next, 'text');
    assert.equal(server.seen.length, 2);
  });
});

describe('maxRequestBytes', () => {
  const net = (server) => ({ allow: [server.host], maxRequestBytes: 1000 });
  const drain = (request, response) => request.resume().once('end', () => response.end('text'));

  test('allows a body of exactly the limit', async (t) => {
    const server = await serve(t, { '/': drain });
    const fetch = withFetch(t, net(server));
    async function* body() {
      yield new Uint8Array(500);
      yield new Uint8Array(500);
    }
    for (const sent of [new Uint8Array(1000), body()]) {
      assert.equal(await text(await fetch(server.origin, { method: 'POST', body: sent })), 'text');
    }
  });

  test('refuses a larger body before it is sent', async (t) => {
    const server = await serve(t, { '/': drain });
    const sent = withFetch(t, net(server))(server.origin, { method: 'POST', body: new Uint8Array(1001) });
    const error = limited(await rejection(sent), 'maxRequestBytes');
    assert.ok(error.message.includes(`${server.host} is larger than 1000 bytes`), error.message);
    assert.equal(server.connections, 0);
  });

  test('ends a stream that exceeds it, and its request', async (t) => {
    let over;
    const server = await serve(t, {
      '/': (request, response) => {
        request.resume();
        over = once(response, 'close');
      },
    });
    let chunks = 0;
    let isReturned = false;
    async function* body() {
      try {
        for (;;) {
          chunks++;
          yield new Uint8Array(400);
          await nextTurn();
        }
      } finally {
        isReturned = true;
      }
    }
    const sent = withFetch(t, net(server))(server.origin, { method: 'POST', body: body() });
    limited(await rejection(sent), 'maxRequestBytes');
    await nextTurn();
    await over;
    assert.deepEqual([chunks, isReturned], [3, true]);
  });
});

describe('maxResponseBytes', () => {
  const net = (server) => ({ allow: [server.host], maxResponseBytes: 100_000 });

  test('allows a body of exactly the limit', async (t) => {
    const server = await serve(t, { '/': (_, response) => response.end(Buffer.alloc(100_000)) });
    assert.equal((await text(await withFetch(t, net(server))(server.origin))).length, 100_000);
  });

  test('ends a response that exceeds it', async (t) => {
    let closed;
    const server = await serve(t, {
      '/': (_, response) => {
        closed = once(response, 'close');
        const write = () => response.write(Buffer.alloc(10_000), () => response.destroyed || setImmediate(write));
        write();
      },
    });
    const { body } = await withFetch(t, net(server))(server.origin);
    let size = 0;
    const read = async () => {
      for await (const chunk of body) size += chunk.length;
    };
    const error = limited(await rejection(read()), 'maxResponseBytes');
    assert.ok(error.message.includes(`the response of ${server.host} is larger than 100000 bytes`), error.message);
    assert.ok(size <= 100_000);
    await closed;
  });

  test('counts the decompressed bytes of a response', async (t) => {
    const bomb = gzipSync(Buffer.alloc(10_000_000));
    assert.ok(bomb.length < 100_000);
    const server = await serve(t, {
      '/': (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb),
    });
    limited(await rejection(withFetch(t, net(server))(server.origin).then(text)), 'maxResponseBytes');
  });
});

describe('timeout', () => {
  test('ends a request without an answer', async (t) => {
    let closed;
    const server = await serve(t, {
      '/': (request) => {
        closed = once(request.socket, 'close');
      },
    });
    const error = await rejection(withFetch(t, { allow: [server.host], timeout: 50 })(server.origin));
    assert.match(limited(error, 'timeout').message, /was not over after 50 ms/);
    await closed;
  });

  test('ends a response that does not end', async (t) => {
    const server = await serve(t, { '/': (_, response) => response.write('first') });
    const fetch = withFetch(t, { allow: [server.host], timeout: 100 });
    limited(await rejection(fetch(server.origin).then(text)), 'timeout');
  });

  test('begins when a request leaves the queue', async (t) => {
    const server = await serve(t, { '/': answer, '/never': () => {} });
    const fetch = withFetch(t, { allow: [server.host], timeout: 500, maxConcurrent: 1 });
    const late = rejection(fetch(`${server.origin}/never`));
    const next = fetch(server.origin).then(text);
    limited(await late, 'timeout');
    assert.equal(await next, 'text');
  });

  test('may be longer than the longest timer', async (t) => {
    const server = await serve(t, { '/': answer });
    for (const timeout of [2 ** 31, Infinity]) {
      assert.equal(await text(await withFetch(t, { allow: [server.host], timeout })(server.origin)), 'text');
    }
  });
});
