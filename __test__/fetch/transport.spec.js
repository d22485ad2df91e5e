'use strict';

// `createFetch` of src/isolate/realm/js/fetch/ makes a fetch of a function that sends.

const assert = require('node:assert/strict');
const { before } = require('node:test');
const { describe, test } = require('../support/test.js');
const { realmModule } = require('../support/realm-module.js');

let createFetch;
before(async () => {
  ({ createFetch } = await realmModule('fetch.js'));
});

const bytes = (text) => new TextEncoder().encode(text);
const URL = 'http://host/path?a=b';
const POST = { method: 'POST', duplex: 'half' };

/** An answer with a body of these chunks. */
const answer = (chunks, more) => ({
  url: URL,
  status: 200,
  statusText: 'OK',
  headers: [],
  redirected: false,
  body: chunks,
  ...more,
});

async function* texts(...all) {
  for (const text of all) yield bytes(text);
}

/** A body that gives one chunk and then nothing, and records the reason for which it was cancelled. */
class Pending {
  #given = false;

  [Symbol.asyncIterator]() {
    return this;
  }

  async next() {
    if (this.#given) return new Promise(() => {});
    this.#given = true;
    return { done: false, value: bytes('one') };
  }

  async return(reason) {
    this.reason = reason;
    return { done: true };
  }
}

/** The request that `send` got, with its body read. */
async function sent(input, init) {
  let request;
  const fetch = createFetch(async ({ body, ...rest }) => {
    const text = body === null ? null : new TextDecoder().decode(Buffer.concat(await collect(body)));
    request = { ...rest, body: text, streamed: body !== null && !(body instanceof Uint8Array) };
    return answer(texts('ok'));
  });
  await fetch(input, init);
  return request;
}

async function collect(body) {
  if (body instanceof Uint8Array) return [body];
  const chunks = [];
  for await (const chunk of body) chunks.push(chunk);
  return chunks;
}

describe('a request', () => {
  test('has url, method, headers and redirect', async () => {
    assert.deepEqual(await sent(`${URL}#f`, { headers: { 'X-Y': 'z' }, redirect: 'manual' }), {
      url: `${URL}#f`,
      method: 'GET',
      headers: [['X-Y', 'z']],
      redirect: 'manual',
      body: null,
      streamed: false,
    });
  });

  for (const [name, body, text] of [
    ['a text', 'é', 'é'],
    ['an empty text', '', ''],
    ['bytes', bytes('ab'), 'ab'],
    ['a Blob', new Blob(['a', 'b']), 'ab'],
    ['URLSearchParams', new URLSearchParams({ a: 'b c' }), 'a=b+c'],
  ]) {
    test(`sends ${name} in one piece`, async () => {
      const { body: got, streamed } = await sent(URL, { ...POST, body });
      assert.deepEqual([got, streamed], [text, false]);
    });
  }

  test('sends a stream and an iterable in pieces', async () => {
    for (const body of [ReadableStream.from(texts('a', 'b')), texts('a', 'b')]) {
      const { body: got, streamed } = await sent(URL, { ...POST, body });
      assert.deepEqual([got, streamed], ['ab', true]);
    }
  });

  test('with a stream of anything but bytes rejects, and the stream is cancelled', async () => {
    let reason;
    const body = new ReadableStream({
      start: (controller) => controller.enqueue('text'),
      cancel(why) {
        reason = why;
      },
    });
    await assert.rejects(sent(URL, { ...POST, body }), { name: 'TypeError', message: 'Received non-Uint8Array chunk' });
    assert.equal(reason.name, 'TypeError');
  });

  test('rejects with the error of its body', async () => {
    const body = new ReadableStream({ start: (controller) => controller.error(new RangeError('broken')) });
    await assert.rejects(sent(URL, { ...POST, body }), RangeError);
  });
});

describe('a response', () => {
  const respond = (body, more) => createFetch(async () => answer(body, more))(URL);

  test('has status, headers and URL', async () => {
    const headers = [
      ['X-A', '1'],
      ['set-cookie', 'a'],
      ['set-cookie', 'b'],
    ];
    const response = await respond(texts('a'), { status: 201, statusText: 'Made', headers, redirected: true });
    assert.deepEqual(
      [response.status, response.statusText, response.url, response.type, response.redirected],
      [201, 'Made', URL, 'basic', true],
    );
    assert.deepEqual(response.headers.getSetCookie(), ['a', 'b']);
    assert.equal(response.headers.get('x-a'), '1');
    assert.throws(() => response.headers.set('a', 'b'), { message: 'immutable' });
  });

  test('has a byte stream as body, without empty chunks', async () => {
    assert.equal(await (await respond(texts('', 'a', '', 'b'))).text(), 'ab');
    const reader = (await respond(texts('abc'))).body.getReader({ mode: 'byob' });
    const { value } = await reader.read(new Uint8Array(2));
    assert.deepEqual([...value], [97, 98]);
  });

  test('passes the error of its body to the reader', async () => {
    const failing = (async function* () {
      yield bytes('a');
      throw new RangeError('cut');
    })();
    await assert.rejects((await respond(failing)).text(), { name: 'RangeError', message: 'cut' });
  });

  test('releases a body that is cancelled', async () => {
    const body = new Pending();
    await (await respond(body)).body.cancel('enough');
    assert.equal(body.reason, 'enough');
  });

  test('releases the body where there can be none', async () => {
    let gone = false;
    const body = new Pending();
    body.return = async () => {
      gone = true;
    };
    assert.equal((await respond(body, { status: 204 })).body, null);
    assert.equal(gone, true);
  });

  test('that fails rejects with the error of the transport', async () => {
    const error = new TypeError('fetch failed');
    await assert.rejects(createFetch(() => Promise.reject(error))(URL), (got) => got === error);
  });
});

describe('an abort', () => {
  test('before the start rejects with its reason, and cancels the body', async () => {
    let reason;
    const body = new ReadableStream({
      cancel(why) {
        reason = why;
      },
    });
    const fetch = createFetch(() => assert.fail('it was sent'));
    const signal = AbortSignal.abort('why');
    await assert.rejects(fetch(URL, { ...POST, body, signal }), (error) => error === 'why');
    assert.equal(reason, 'why');
  });

  test('while sending rejects at once, cancels the body and aborts the transport', async () => {
    const controller = new AbortController();
    let cancelled;
    let seen;
    const body = new ReadableStream({
      cancel(why) {
        cancelled = why;
      },
    });
    const over = deferred();
    const fetch = createFetch(async (request, signal) => {
      queueMicrotask(() => controller.abort('why'));
      try {
        for await (const _ of request.body);
      } catch (error) {
        seen = [error, signal.aborted, signal.reason];
        over.resolve();
      }
      return new Promise(() => {});
    });
    await assert.rejects(fetch(URL, { ...POST, body, signal: controller.signal }), (error) => error === 'why');
    await over.promise;
    assert.deepEqual([cancelled, seen], ['why', ['why', true, 'why']]);
  });

  test('ends the body of the response with the reason', async () => {
    const controller = new AbortController();
    const body = new Pending();
    const response = await createFetch(async () => answer(body))(URL, { signal: controller.signal });
    const reader = response.body.getReader();
    assert.deepEqual((await reader.read()).value, bytes('one'));
    const next = reader.read();
    controller.abort('why');
    await assert.rejects(next, (error) => error === 'why');
    assert.equal(body.reason, 'why');
  });

  test('releases the body of a late response', async () => {
    const controller = new AbortController();
    const late = deferred();
    const gone = deferred();
    const body = new Pending();
    body.return = async (reason) => gone.resolve(reason);
    const promise = createFetch(() => late.promise)(URL, { signal: controller.signal });
    controller.abort('why');
    await assert.rejects(promise, (error) => error === 'why');
    late.resolve(answer(body));
    assert.equal(await gone.promise, 'why');
  });
});

describe('addresses', () => {
  const fetchNothing = (url) => createFetch(() => assert.fail('it was sent'))(url);

  test('answers data: without the transport', async () => {
    const response = await fetchNothing('data:text/plain;charset=utf-8;base64,aGk=');
    assert.deepEqual(
      [response.status, response.headers.get('content-type'), await response.text()],
      [200, 'text/plain;charset=utf-8', 'hi'],
    );
    assert.equal(await (await fetchNothing('data:,')).text(), '');
    await assert.rejects(fetchNothing('data:x'), { name: 'TypeError', message: 'fetch failed' });
  });

  for (const url of ['file:///etc/passwd', 'blob:x', 'about:blank', 'ftp://host/']) {
    test(`${url} is refused`, async () => {
      await assert.rejects(fetchNothing(url), { name: 'TypeError', message: 'fetch failed' });
    });
  }

  test('rejects what is no URL', async () => {
    await assert.rejects(fetchNothing('/relative'), { name: 'TypeError' });
    await assert.rejects(fetchNothing(), { name: 'TypeError' });
  });
});

function deferred() {
  const parts = {};
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
  return parts;
}
