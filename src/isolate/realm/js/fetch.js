// `fetch` over a transport that is passed in. A request becomes plain values, and the answer becomes a Response. Which
// addresses may be reached, and how, is decided at the other end of the transport (`lib/fetch`).

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

/** The statuses whose responses have no body. */
const NULL_BODY = [101, 103, 204, 205, 304];

/**
 * Creates a `fetch` function.
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
 * }>} send - What it rejects with is what `fetch` rejects with, unless the signal was aborted. The buffers of the
 *   chunks in the answer are transferred to the response's stream.
 */
export function createFetch(send) {
  return async function fetch(input, init = undefined) {
    webidl.requiredArguments(arguments.length, 1, "Failed to execute 'fetch'");
    const { Request, getRequestState } = load();
    const request = new Request(input, init);
    const { signal } = request;
    const requestState = getRequestState(request);
    const body = requestState.body ? chunksOf(requestState.body.stream, signal) : null;
    if (signal.aborted) {
      closeIterator(body, signal.reason);
      throw signal.reason;
    }
    const { protocol } = requestState.url;
    if (protocol === 'data:') return answerDataUrl(requestState.url);
    if (protocol !== 'http:' && protocol !== 'https:') {
      throw new TypeError('fetch failed', { cause: new Error('unknown scheme') });
    }

    let abort;
    const aborted = new Promise((_, reject) => {
      abort = () => {
        closeIterator(body, signal.reason);
        reject(signal.reason);
      };
    });
    signal[add](abort);
    try {
      const answered = (async () => {
        const answer = await send(await toPlainRequest(requestState, body), signal);
        // The caller got the abort reason already; the answer may have a body in transit.
        if (signal.aborted) closeIterator(answer.body, signal.reason);
        return answer;
      })();
      return responseOf(await raceOf(answered, aborted), requestState, request);
    } catch (error) {
      throw signal.aborted ? signal.reason : error;
    } finally {
      signal[remove](abort);
    }
  };
}

/** Settles as the first of two promises does. An error of the other one is dropped. */
function raceOf(one, other) {
  return new Promise((resolve, reject) => {
    const forward = async (promise) => {
      try {
        resolve(await promise);
      } catch (error) {
        reject(error);
      }
    };
    forward(one);
    forward(other);
  });
}

/** Describes a request by plain values, as `send` takes them. */
async function toPlainRequest({ body, headersList, method, redirect, url }, chunks) {
  const headers = [];
  ArrayPrototypeForEach(headersList.entriesList, ({ 0: name, 1: value }) => {
    ArrayPrototypePush(headers, [name, value]);
  });
  // A body of known length is sent in one piece, so that the request has a content-length.
  const hasKnownLength = chunks !== null && body.length !== null;
  const content = hasKnownLength ? await concatChunks(chunks, body.length) : chunks;
  return { url: url.href, method, headers, body: content, redirect };
}

async function concatChunks(chunks, length) {
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (;;) {
    const { done, value } = await chunks.next();
    if (done) return bytes;
    TypedArrayPrototypeSet(bytes, value, offset);
    offset += TypedArrayPrototypeGetByteLength(value);
  }
}

/** Returns an async iterator over a stream of bytes. `return()` cancels the stream. */
function chunksOf(stream, signal) {
  const reader = new ReadableStreamDefaultReader(stream);
  const chunks = {
    __proto__: null,
    async next() {
      const { done, value } = await read(reader);
      // A stream that the signal cancelled looks like a stream that ended.
      if (signal.aborted) throw signal.reason;
      if (!done && TypedArrayPrototypeGetSymbolToStringTag(value) !== 'Uint8Array') {
        const error = new TypeError('Received non-Uint8Array chunk');
        closeIterator(chunks, error);
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

/** Creates the Response of an answer. */
function responseOf({ url, status, statusText, headers, redirected, body }, requestState, request) {
  const { HeadersList, fromInnerResponse, makeResponse } = load();
  const headersList = new HeadersList();
  ArrayPrototypeForEach(headers, ({ 0: name, 1: value }) => headersList.append(name, value, false));
  const last = new URL(url);
  const hasBody = body !== null && requestState.method !== 'HEAD' && !ArrayPrototypeIncludes(NULL_BODY, status);
  if (!hasBody) closeIterator(body);
  const response = makeResponse({
    type: 'basic',
    status,
    statusText,
    headersList,
    urlList: redirected ? [requestState.url, last] : [last],
    body: hasBody ? { stream: streamOf(body, request), source: null, length: null } : null,
  });
  return fromInnerResponse(response, 'immutable');
}

/** Creates a byte stream from an async iterable. The request's signal errors it with its reason. */
function streamOf(iterable, request) {
  const { signal } = request;
  const iterator = iterable[SymbolAsyncIterator]();
  let controller;
  const abort = () => {
    controller.error(signal.reason);
    closeIterator(iterator, signal.reason);
  };
  const removeAbort = () => {
    signal[remove](abort);
    // Keeps the request alive until now: the signal that the caller gave refers to its signal only weakly.
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
            removeAbort();
            controller.close();
            controller.byobRequest?.respond(0);
            return;
          }
          // A byte stream rejects an empty chunk.
          if (TypedArrayPrototypeGetByteLength(value) > 0) {
            controller.enqueue(value);
            return;
          }
        }
      } catch (error) {
        removeAbort();
        throw error;
      }
    },
    async cancel(reason) {
      removeAbort();
      await iterator.return?.(reason);
    },
  });
  signal[add](abort);
  return stream;
}

/** Closes an iterable or iterator whose items are not wanted any more. Ignores its errors. */
async function closeIterator(iterable, reason) {
  try {
    const iterator = iterable?.[SymbolAsyncIterator]?.() ?? iterable;
    await iterator?.return?.(reason);
  } catch {
    // The iterator is closed.
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
