'use strict';

// Carries out the fetches of tasks. undici, which is Node's own fetch, does HTTP, TLS, compression and streams. This
// enforces what a task may not decide: which hosts and addresses it reaches, also by redirects, and the limits of size,
// number and time.

const dns = require('node:dns');
const { isIP } = require('node:net');
const { RequestLimits } = require('./request-limits.js');
const { target } = require('./net-rules.js');
const { Upload } = require('./upload.js');

const MAX_REDIRECTS = 20;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const NULL_BODY = new Set([101, 204, 205, 304]);
const MAX_TIMER = 2 ** 31 - 1;

/** Headers that frame the message or address a proxy. The fetch standard forbids them as well. */
const FORBIDDEN_HEADERS =
  /^(?:connection|content-length|expect|host|keep-alive|te|trailer|transfer-encoding|upgrade|via|proxy-.*|sec-.*)$/i;
/** Headers that describe the body, which are dropped with it at a redirect. */
const BODY_HEADERS = ['content-encoding', 'content-language', 'content-location', 'content-type'];
/** Headers that are dropped at a redirect to another origin. */
const ORIGIN_HEADERS = ['authorization', 'cookie'];

/** Makes an error for a task: a TypeError, as of every fetch. It has no cause, which would reveal addresses. */
const netError = (code, message) => Object.assign(new TypeError(message), { code });
const show = ({ host, port }) => `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;

/**
 * @typedef {object} FetchRequest
 * @property {string} url
 * @property {string} [method]
 * @property {[string, string][]} [headers]
 * @property {Uint8Array | AsyncIterable<Uint8Array> | null} [body]
 * @property {'follow' | 'error' | 'manual'} [redirect] - `'manual'` returns the redirect itself
 *
 * @typedef {object} FetchResponse
 * @property {string} url - after redirects, without fragment
 * @property {number} status
 * @property {string} statusText
 * @property {[string, string][]} headers
 * @property {boolean} redirected
 * @property {string} type
 * @property {AsyncIterableIterator<Uint8Array> | null} body - decoded. The request stays open until the body is read to
 *   its end or returned, or the signal is aborted.
 */

/**
 * Makes the fetch of one pool. Connections to hosts that are listed by name are kept, and shared by the pool's tasks. No
 * task learns of another by them: there are no cookies, no cache and no credentials, and the rules for a connection are
 * the same for all tasks.
 * @param {object} net - of resolved permissions: `rules` and the limits
 * @param {{ lookup?: typeof dns.lookup }} [options]
 * @returns {{ (request: FetchRequest, by: { task: object, signal?: AbortSignal }): Promise<FetchResponse>,
 *   close(): Promise<void> }} `task` is any object that is the same for all requests of a task. The signal has to be
 *   aborted when the task is over, which ends the requests and bodies that it left open.
 */
function createFetch(net, { lookup = dns.lookup } = {}) {
  /** Task → RequestLimits */
  const limits = new WeakMap();
  let client;

  async function fetch(request, { task, signal }) {
    client ??= createClient(net.rules, lookup);
    if (!limits.has(task)) limits.set(task, new RequestLimits(net));
    return new Exchange(net, client, limits.get(task), signal).run(request);
  }
  fetch.close = async () => client?.agent.destroy();
  return fetch;
}

/** Loads undici, with an agent that connects to allowed addresses only. */
function createClient(rules, lookup) {
  // The undici that is loaded first gives the global fetch its dispatcher. That has to be Node's own.
  void globalThis.Headers;
  const undici = require('undici');
  const agent = new undici.Agent({
    factory(origin, options) {
      const host = target(new URL(origin));
      return new undici.Pool(origin, {
        ...options,
        connect: { lookup: checkedLookup(host, rules, lookup) },
        // For hosts that a pattern matches, any number of connections could stay open, so they are not kept alive.
        pipelining: rules.names(host) ? 1 : 0,
        // The limit is `timeout`.
        headersTimeout: 0,
        bodyTimeout: 0,
      });
    },
  });
  return { ...undici, agent };
}

/**
 * Makes a `lookup` for `net.connect` that gives allowed addresses only. The name is not resolved again before the
 * connection, so its address cannot change in between (DNS rebinding).
 */
function checkedLookup(host, rules, lookup) {
  return (name, options, callback) => {
    lookup(name, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error);
      const allowed = addresses.filter(({ address }) => rules.allowsAddress(host, address));
      if (allowed.length === 0) return callback(notPublic(host));
      if (options.all) return callback(null, allowed);
      callback(null, allowed[0].address, allowed[0].family);
    });
  };
}

const notPublic = (host) =>
  netError(
    'ERR_NET_FORBIDDEN',
    `${show(host)} has no public address, and permissions.net does not list the one it has`,
  );

/** A request of a task with its redirects, until its response was read. */
class Exchange {
  #net;
  #client;
  #limits;
  #outer;
  #controller = new AbortController();
  #timer;
  #upload;
  #request;
  #release = () => {};
  #host = '';

  constructor(net, client, limits, signal) {
    this.#net = net;
    this.#client = client;
    this.#limits = limits;
    this.#outer = signal;
  }

  async run(request) {
    this.#outer?.throwIfAborted();
    try {
      const url = parseUrl(request.url);
      this.#check(url);
      this.#outer?.addEventListener('abort', this.#abort, { once: true });
      this.#release = await this.#limits.acquire(this.#controller.signal);
      this.#startTimer();
      const { response, url: last, redirected } = await this.#follow(url, request);
      return this.#answer(response, last, redirected, request.method);
    } catch (error) {
      this.#end();
      throw this.#toError(error);
    }
  }

  #startTimer() {
    const { timeout } = this.#net;
    if (timeout > MAX_TIMER) return;
    const late = () => this.#limit('timeout', `the request to ${this.#host} was not over after ${timeout} ms`);
    this.#timer = setTimeout(() => this.#cancel(late()), timeout).unref();
  }

  #limit(name, what) {
    return netError('ERR_NET_LIMIT', `${what} (permissions.net.${name})`);
  }

  #abort = () => this.#cancel(this.#outer.reason);

  #cancel(reason) {
    this.#controller.abort(reason);
    this.#end();
  }

  #end() {
    this.#outer?.removeEventListener('abort', this.#abort);
    clearTimeout(this.#timer);
    this.#upload?.close();
    this.#release();
  }

  /** Before anything is known to the outside, even the name. */
  #check(url) {
    if (url.protocol !== 'http:' && url.protocol !== 'https:') {
      throw netError('ERR_NET_INVALID', `${url.protocol} is not a scheme that tasks can fetch (http:, https:)`);
    }
    if (url.username !== '' || url.password !== '') {
      throw netError('ERR_NET_INVALID', `the URL of a request to ${url.host} must have no user and password`);
    }
    const { rules } = this.#net;
    const host = target(url);
    this.#host = show(host);
    if (!rules.allows(host)) {
      throw netError('ERR_NET_FORBIDDEN', `tasks may not reach ${this.#host} (permissions.net allows: ${rules})`);
    }
    if (isIP(host.host) && !rules.allowsAddress(host, host.host)) throw notPublic(host);
  }

  /** Follows redirects, as "HTTP-redirect fetch" of the fetch standard: https://fetch.spec.whatwg.org/#http-redirect-fetch */
  async #follow(url, { method = 'GET', headers = [], body = null, redirect = 'follow' }) {
    if (!['follow', 'error', 'manual'].includes(redirect)) {
      throw netError('ERR_NET_INVALID', `redirect must be 'follow', 'error' or 'manual', got '${redirect}'`);
    }
    const sent = { method, headers: this.#headers(headers), body: this.#body(body) };
    for (let redirects = 0; ; redirects++) {
      const response = await this.#send(url, sent);
      const location = response.headers.get('location');
      const isRedirect = REDIRECTS.has(response.status);
      if (isRedirect && redirect === 'error') {
        throw netError('ERR_NET_REDIRECT', `${this.#host} redirects, which the request does not allow`);
      }
      if (!isRedirect || redirect === 'manual' || location === null) {
        return { response, url, redirected: redirects > 0 };
      }
      if (redirects === MAX_REDIRECTS) {
        throw netError('ERR_NET_REDIRECT', `${this.#host} redirects once more after ${MAX_REDIRECTS} redirects`);
      }
      response.body?.cancel().catch(() => {});
      const next = parseUrl(location, url);
      this.#change(sent, response.status, url, next);
      this.#check(next);
      url = next;
    }
  }

  #change(sent, status, from, to) {
    if (status !== 303 && sent.body instanceof Upload) {
      throw netError('ERR_NET_REDIRECT', `${this.#host} redirects a request whose body was a stream`);
    }
    const isPost = /^post$/i.test(sent.method);
    if (((status === 301 || status === 302) && isPost) || (status === 303 && !/^(?:get|head)$/i.test(sent.method))) {
      this.#upload?.close();
      sent.method = 'GET';
      sent.body = null;
      for (const name of BODY_HEADERS) sent.headers.delete(name);
    }
    if (from.origin !== to.origin) for (const name of ORIGIN_HEADERS) sent.headers.delete(name);
  }

  async #send(url, { method, headers, body }) {
    if (!this.#limits.take()) {
      throw this.#limit('maxRequests', `this task has made its ${this.#net.maxRequests} requests`);
    }
    const { Request, fetch, agent } = this.#client;
    const { signal } = this.#controller;
    const to = new URL(url);
    // The trailing dot of a name is not part of the Host header, nor of certificates.
    to.hostname = to.hostname.replace(/\.$/, '');
    const init = { method, headers, body, signal, redirect: 'manual', dispatcher: agent, duplex: 'half' };
    // undici holds a request only weakly while it waits for the response. Were it collected, an abort would not reach it.
    this.#request = valid(() => new Request(to, init));
    return fetch(this.#request);
  }

  #headers(list) {
    return valid(() => {
      const headers = new this.#client.Headers();
      for (const [name, value] of list) if (!FORBIDDEN_HEADERS.test(name)) headers.append(name, value);
      return headers;
    });
  }

  #body(body) {
    const { maxRequestBytes } = this.#net;
    const tooLarge = () => {
      const what = `the body of the request to ${this.#host} is larger than ${maxRequestBytes} bytes`;
      return this.#limit('maxRequestBytes', what);
    };
    if (body === null) return null;
    if (body instanceof Uint8Array) {
      if (body.byteLength > maxRequestBytes) throw tooLarge();
      return body;
    }
    this.#upload = new Upload(body, maxRequestBytes, (error) => {
      this.#cancel(error === undefined ? tooLarge() : this.#bodyError(error));
    });
    return this.#upload;
  }

  #bodyError(error) {
    return netError('ERR_NET_FAILED', `the body of the request to ${this.#host} failed: ${error?.message ?? error}`);
  }

  #answer(response, url, redirected, method = 'GET') {
    const shown = new URL(url);
    shown.hash = '';
    const hasBody = response.body !== null && !NULL_BODY.has(response.status) && !/^head$/i.test(method);
    if (!hasBody) this.#end();
    return {
      url: shown.href,
      status: response.status,
      statusText: response.statusText,
      headers: [...response.headers],
      redirected,
      type: response.type,
      body: hasBody ? this.#download(response.body.getReader()) : null,
    };
  }

  #download(reader) {
    const { maxResponseBytes } = this.#net;
    let size = 0;
    let isOver = false;
    const over = (value) => {
      isOver = true;
      return { value, done: true };
    };
    const fail = (error) => {
      const shown = this.#toError(error);
      over();
      this.#cancel(shown);
      throw shown;
    };
    return {
      next: async () => {
        if (isOver) return over();
        const { value, done } = await reader.read().catch(fail);
        if (done) {
          this.#end();
          return over();
        }
        size += value.byteLength;
        if (size > maxResponseBytes) {
          fail(
            this.#limit('maxResponseBytes', `the response of ${this.#host} is larger than ${maxResponseBytes} bytes`),
          );
        }
        return { value, done: false };
      },
      return: async (value) => {
        if (!isOver) this.#cancel(new DOMException('the response was not read to its end', 'AbortError'));
        return over(value);
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  /** Makes the error that the task gets. */
  #toError(error) {
    const { signal } = this.#controller;
    // The reason is a limit, an abandoned body, or that of the task's own signal.
    if (signal.aborted) return signal.reason;
    for (const seen of [error, error?.cause]) if (seen?.code?.startsWith?.('ERR_NET_')) return seen;
    const why = error?.cause?.code ?? error?.code ?? 'network error';
    if (why === 'ENOTFOUND' || why === 'EAI_AGAIN') {
      return netError('ERR_NET_FAILED', `the name in ${this.#host} was not found (${why})`);
    }
    return netError('ERR_NET_FAILED', `the request to ${this.#host} failed (${why})`);
  }
}

function parseUrl(text, base) {
  try {
    return new URL(text, base);
  } catch {
    throw netError('ERR_NET_INVALID', `${JSON.stringify(text)} is not a URL`);
  }
}

/** Calls undici, and converts its error about an invalid method, header or body. */
function valid(make) {
  try {
    return make();
  } catch (error) {
    throw netError('ERR_NET_INVALID', error.message);
  }
}

module.exports = { createFetch };
