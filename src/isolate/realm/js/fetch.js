// `fetch` over a transport that is given to it: the request becomes plain values, and a Response is made
// of the answer. What may be reached, and how, is decided on the transport's far side.

import { primordials } from 'ext:core/mod.js';
import { add, remove } from 'ext:deno_web/03_abort_signal.js';
import { ReadableStream, ReadableStreamDefaultReader } from 'ext:deno_web/06_streams.js';
import * as webidl from 'ext:deno_webidl/00_webidl.js';
import { URL } from 'ext:deno_url/00_url.js';
import { load } from 'ext:isolane/fetch-classes.js';

const {
  ArrayPrototypeForEach,
  ArrayPrototypeIncludes,
  ArrayPrototypePush,
  Error,
  Promise,
  SymbolAsyncIterator,
  TypeError,
  TypedArrayPrototypeGetByteLength,
  TypedArrayPrototypeGetSymbolToStringTag,
  TypedArrayPrototypeSet,
  Uint8Array,
  uncurryThis,
} = primordials;
const read = uncurryThis(ReadableStreamDefaultReader.prototype.read);
const cancel = uncurryThis(ReadableStreamDefaultReader.prototype.cancel);

/** Statuses whose responses have no body. */
const NULL_BODY = [101, 103, 204, 205, 304];

/**
 * Makes a `fetch`.
 *
 * @param {(request: {
 *   url: string,
 *   method: string,
 *   headers: [name: string, value: string][],
 *   body: null | Uint8Array | AsyncIterable<Uint8Array>,
 *   redirect: 'follow' | 'error' | 'manual',
 * }, signal: AbortSignal) => Promise<{
 *   url: string,
 *   status: number,
 *   statusText: string,
 *   headers: [name: string, value: string][],
 *   redirected: boolean,
 *   body: null | AsyncIterable<Uint8Array>,
 * }>} send What it rejects with is what `fetch` rejects with, unless the signal was aborted. The buffers of the
 *   chunks that it answers with are given away to the response's stream.
 */
export function createFetch(send) {
  return async function fetch(input, init = undefined) {
    webidl.requiredArguments(arguments.length, 1, "Failed to execute 'fetch'");
    const { Request, getRequestState } = load();
    const request = new Request(input, init);
    const { signal } = request;
    const inner = getRequestState(request);
    const body = inner.body ? chunksOf(inner.body.stream, signal) : null;
    if (signal.aborted) {
      letGo(body, signal.reason);
      throw signal.reason;
    }
    const { protocol } = inner.url;
    if (protocol === 'data:') return answerDataUrl(inner.url);
    if (protocol !== 'http:' && protocol !== 'https:') {
      throw new TypeError('fetch failed', { cause: new Error('unknown scheme') });
    }

    let abort;
    const aborted = new Promise((_, reject) => {
      abort = () => {
        letGo(body, signal.reason);
        reject(signal.reason);
      };
    });
    signal[add](abort);
    try {
      const exchange = (async () => {
        const answer = await send(await plain(inner, body), signal);
        // Nobody waits any more for the answer, which may have a body under way.
        if (signal.aborted) letGo(answer.body, signal.reason);
        return answer;
      })();
      return responseOf(await first(exchange, aborted), inner, request);
    } catch (error) {
      throw signal.aborted ? signal.reason : error;
    } finally {
      signal[remove](abort);
    }
  };
}

/** What settles first; the other one's error is nobody's. */
function first(one, other) {
  return new Promise((resolve, reject) => {
    const follow = async (promise) => {
      try {
        resolve(await promise);
      } catch (error) {
        reject(error);
      }
    };
    follow(one);
    follow(other);
  });
}

async function plain({ body, headersList, method, redirect, url }, chunks) {
  const headers = [];
  ArrayPrototypeForEach(headersList.entriesList, ({ 0: name, 1: value }) => {
    ArrayPrototypePush(headers, [name, value]);
  });
  // A body whose length is known goes in one piece, so that it can be sent with its length.
  const whole = chunks !== null && body.length !== null;
  return { url: url.href, method, headers, body: whole ? await join(chunks, body.length) : chunks, redirect };
}

async function join(chunks, length) {
  const bytes = new Uint8Array(length);
  let end = 0;
  for (;;) {
    const { done, value } = await chunks.next();
    if (done) return bytes;
    TypedArrayPrototypeSet(bytes, value, end);
    end += TypedArrayPrototypeGetByteLength(value);
  }
}

/** Iterates over a stream of bytes; to stop cancels the stream. */
function chunksOf(stream, signal) {
  const reader = new ReadableStreamDefaultReader(stream);
  const chunks = {
    __proto__: null,
    async next() {
      const { done, value } = await read(reader);
      // A stream that was cancelled for the signal looks as if it had come to its end.
      if (signal.aborted) throw signal.reason;
      if (!done && TypedArrayPrototypeGetSymbolToStringTag(value) !== 'Uint8Array') {
        const error = new TypeError('Received non-Uint8Array chunk');
        letGo(chunks, error);
        throw error;
      }
      return { __proto__: null, done, value };
    },
    async return(reason) {
      await cancel(reader, reason);
      return { __proto__: null, done: true, value: undefined };
    },
    [SymbolAsyncIterator]: () => chunks,
  };
  return chunks;
}

function responseOf({ url, status, statusText, headers, redirected, body }, inner, request) {
  const { HeadersList, fromInnerResponse, makeResponse } = load();
  const headersList = new HeadersList();
  ArrayPrototypeForEach(headers, ({ 0: name, 1: value }) => headersList.append(name, value, false));
  const last = new URL(url);
  const hasBody = body !== null && inner.method !== 'HEAD' && !ArrayPrototypeIncludes(NULL_BODY, status);
  if (!hasBody) letGo(body);
  const response = makeResponse({
    type: 'basic',
    status,
    statusText,
    headersList,
    urlList: redirected ? [inner.url, last] : [last],
    body: hasBody ? { stream: streamOf(body, request), source: null, length: null } : null,
  });
  return fromInnerResponse(response, 'immutable');
}

/** A byte stream of what an iterable gives, which the request's signal ends with its reason. */
function streamOf(iterable, request) {
  const { signal } = request;
  const iterator = iterable[SymbolAsyncIterator]();
  let controller;
  const abort = () => {
    controller.error(signal.reason);
    letGo(iterator, signal.reason);
  };
  const settle = () => {
    signal[remove](abort);
    // Until here it has to live: the signal that it was made with only knows it weakly.
    request = undefined;
  };
  const stream = new ReadableStream({
    __proto__: null,
    type: 'bytes',
    start(own) {
      controller = own;
    },
    async pull() {
      try {
        for (;;) {
          const { done, value } = await iterator.next();
          if (signal.aborted) return;
          if (done) {
            settle();
            controller.close();
            controller.byobRequest?.respond(0);
            return;
          }
          // A byte stream takes no empty chunk.
          if (TypedArrayPrototypeGetByteLength(value) > 0) {
            controller.enqueue(value);
            return;
          }
        }
      } catch (error) {
        settle();
        throw error;
      }
    },
    async cancel(reason) {
      settle();
      await iterator.return?.(reason);
    },
  });
  signal[add](abort);
  return stream;
}

/** Tells an iterable or iterator that nobody wants more of it. */
async function letGo(iterable, reason) {
  try {
    const iterator = iterable?.[SymbolAsyncIterator]?.() ?? iterable;
    await iterator?.return?.(reason);
  } catch {
    // It was let go.
  }
}

function answerDataUrl(url) {
  const { HeadersList, dataUrls, fromInnerResponse, makeResponse } = load();
  const data = dataUrls.dataURLProcessor(url);
  if (data === 'failure') throw new TypeError('fetch failed', { cause: new Error('invalid data: URL') });
  const headersList = new HeadersList();
  headersList.append('content-type', dataUrls.serializeAMimeType(data.mimeType), true);
  const stream = new ReadableStream({
    __proto__: null,
    type: 'bytes',
    start(controller) {
      if (data.body.length > 0) controller.enqueue(new Uint8Array(data.body));
      controller.close();
    },
  });
  const body = { stream, source: null, length: null };
  const response = makeResponse({ type: 'basic', statusText: 'OK', headersList, urlList: [url], body });
  return fromInnerResponse(response, 'immutable');
}
