'use strict';

// The fetch of tasks, carried out here. undici, which is Node's own fetch, does the work: HTTP, TLS,
// compression, streams. What stands here is what a task may not decide itself: whom it reaches, at
// which address, along which redirects, how much and how long.

const dns = require('node:dns');
const { isIP } = require('node:net');
const { Allowance } = require('./request-limits.js');
const { target } = require('./net-rules.js');
const { Upload } = require('./upload.js');

const MAX_REDIRECTS = 20;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const NULL_BODY = new Set([101, 204, 205, 304]);
const MAX_TIMER = 2 ** 31 - 1;

/** They frame the message or speak to a proxy; the fetch standard drops them as well. */
const FORBIDDEN_HEADERS =
  /^(?:connection|content-length|expect|host|keep-alive|te|trailer|transfer-encoding|upgrade|via|proxy-.*|sec-.*)$/i;
/** They describe a body that a redirect has taken away. */
const BODY_HEADERS = ['content-encoding', 'content-language', 'content-location', 'content-type'];
/** They are meant for the origin that they were written for. */
const ORIGIN_HEADERS = ['authorization', 'cookie'];

/** What a request of a task fails with; TypeErrors, as of every fetch. Causes stay here: they name addresses. */
const netError = (code, message) => Object.assign(new TypeError(message), { code });
const show = ({ host, port }) => `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;

/**
 * @typedef {object} FetchRequest
 * @property {string} url
 * @property {string} [method]
 * @property {[string, string][]} [headers]
 * @property {Uint8Array | AsyncIterable<Uint8Array> | null} [body]
 * @property {'follow' | 'error' | 'manual'} [redirect] - `'manual'` gives the redirect itself
 *
 * @typedef {object} FetchResponse
 * @property {string} url - after redirects, without fragment
 * @property {number} status
 * @property {string} statusText
 * @property {[string, string][]} headers
 * @property {boolean} redirected
 * @property {string} type
 * @property {AsyncIterableIterator<Uint8Array> | null} body - decoded. Holds its request open until it is read to
 *   its end, returned, or its signal aborted.
 */

/**
 * Connections to hosts that are listed by name are kept and shared by the tasks of a pool. That carries nothing from one to another: there are
 * no cookies, no cache and no credentials, and what a connection may lead to is the same for all of them.
 * @param {object} net - of resolved permissions: `rules` and the limits
 * @param {{ lookup?: typeof dns.lookup }} [by]
 * @returns {{ (request: FetchRequest, by: { task: object, signal?: AbortSignal }): Promise<FetchResponse>,
 *   close(): Promise<void> }} `task` is any object that is the same for all requests of a task. The signal has
 *   to be aborted when the task is over: it ends requests and bodies that the task left open.
 */
function createFetch(net, { lookup = dns.lookup } = {}) {
  const allowances = new WeakMap();
  let client;

  async function fetch(request, { task, signal }) {
    client ??= createClient(net.rules, lookup);
    if (!allowances.has(task)) allowances.set(task, new Allowance(net));
    return new Exchange(net, client, allowances.get(task), signal).run(request);
  }
  fetch.close = async () => client?.agent.destroy();
  return fetch;
}

/** undici, with connections that only lead where the rules allow. */
function createClient(rules, lookup) {
  // The first undici of a process becomes the one of its global fetch: Node's own has to come first.
  void globalThis.Headers;
  const undici = require('undici');
  const agent = new undici.Agent({
    factory(origin, options) {
      const host = target(new URL(origin));
      return new undici.Pool(origin, {
        ...options,
        connect: { lookup: checkedLookup(host, rules, lookup) },
        // Where a task may make up hosts, each would leave an idle connection behind.
        pipelining: rules.names(host) ? 1 : 0,
        // `timeout` counts instead.
        headersTimeout: 0,
        bodyTimeout: 0,
      });
    },
  });
  return { ...undici, agent };
}

/**
 * A `lookup` for `net.connect` that gives allowed addresses alone. There is no other look at the name
 * between this and the connection, so a name cannot change its address in between.
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

/** One request of a task with its redirects, until its response was read. */
class Exchange {
  #net;
  #client;
  #allowance;
  #outer;
  #controller = new AbortController();
  #timer;
  #upload;
  #request;
  #release = () => {};
  #host = '';

  constructor(net, client, allowance, signal) {
    this.#net = net;
    this.#client = client;
    this.#allowance = allowance;
    this.#outer = signal;
  }

  async run(request) {
    this.#outer?.throwIfAborted();
    try {
      const url = parseUrl(request.url);
      this.#check(url);
      this.#outer?.addEventListener('abort', this.#abort, { once: true });
      this.#release = await this.#allowance.enter(this.#controller.signal);
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

  /** The redirects of "HTTP-redirect fetch" in the fetch standard. */
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
    if (!this.#allowance.take()) {
      throw this.#limit('maxRequests', `this task has made its ${this.#net.maxRequests} requests`);
    }
    const { Request, fetch, agent } = this.#client;
    const { signal } = this.#controller;
    const to = new URL(url);
    // The dot that ends a name is not part of the Host header and of certificates.
    to.hostname = to.hostname.replace(/\.$/, '');
    const init = { method, headers, body, signal, redirect: 'manual', dispatcher: agent, duplex: 'half' };
    // undici holds a request that waits for its answer so weakly that an abort may not find it.
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

  /** What the task gets to see of an error. */
  #toError(error) {
    const { signal } = this.#controller;
    // A body that was abandoned, a limit, or the caller's own reason.
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

/** What undici says about a method, a header or a body that cannot be. */
function valid(make) {
  try {
    return make();
  } catch (error) {
    throw netError('ERR_NET_INVALID', error.message);
  }
}

module.exports = { createFetch };
