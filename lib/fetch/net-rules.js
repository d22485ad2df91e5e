'use strict';

// The hosts that tasks may reach: parses the list of `permissions.net`, and matches hosts against it. A listed name is not
// enough. The address that it resolves to is checked too, right before the connection.

const { isIP, isIPv4 } = require('node:net');
const { canonical, isLoopback, isPublic } = require('./addresses.js');
const { invalid } = require('../errors.js');

const SCHEME_PORTS = [80, 443];
const ALLOWED = "a host or 'host:port', such as 'api.example.com:443', '*.example.com' or '[::1]:8080'";
/** Entries that a message to a task shows. */
const SHOWN = 10;

/**
 * An entry of the list. `host` is written as by `URL`, an IPv6 address without brackets.
 * @typedef {{ text: string, kind: 'any' | 'subdomains' | 'host', host: string, ports: number[] }} Entry
 */

class Rules {
  #entries;

  get isEmpty() {
    return this.#entries.length === 0;
  }

  /** @param {Entry[]} entries */
  constructor(entries = []) {
    this.#entries = entries;
  }

  /**
   * Parses a list.
   * @param {string} field - for messages
   * @param {unknown} list - as the user gave it
   * @throws {IsolaneError} ERR_INVALID_ARG
   */
  static read(field, list) {
    if (!Array.isArray(list)) throw invalid(field, list, 'an array of hosts');
    return new Rules(Array.from(list, (text, index) => readEntry(`${field}[${index}]`, text)));
  }

  /** Tells whether a host is listed. @param {{ host: string, port: number }} target - of `target` */
  allows({ host, port }) {
    return this.#entries.some((entry) => entry.ports.includes(port) && covers(entry, host));
  }

  /**
   * Tells whether a listed host may resolve to an address. Public addresses are allowed; others only where the list has
   * the address itself, and loopback addresses also where it has `localhost`.
   */
  allowsAddress({ host, port }, address) {
    if (isPublic(address)) return true;
    const named = canonical(address);
    return this.#entries.some(
      (entry) =>
        entry.kind !== 'any' &&
        entry.ports.includes(port) &&
        (entry.host === named || (isLocal(entry.host) && covers(entry, host) && isLoopback(address))),
    );
  }

  /** Tells whether a host is listed by its own name or address, and not by a pattern that any number of hosts match. */
  names({ host }) {
    return this.#entries.some((entry) => entry.kind === 'host' && entry.host === host);
  }

  /** For messages. */
  toString() {
    const texts = this.#entries.map(({ text }) => text);
    if (texts.length === 0) return 'none';
    return texts.length > SHOWN
      ? `${texts.slice(0, SHOWN).join(', ')} and ${texts.length - SHOWN} more`
      : texts.join(', ');
  }
}

function covers({ kind, host }, asked) {
  if (kind === 'any') return true;
  if (kind === 'subdomains') return asked.endsWith(`.${host}`);
  return asked === host;
}

/** Names that resolve to loopback addresses by RFC 6761. */
const isLocal = (host) => host === 'localhost' || host.endsWith('.localhost');

/** @returns {Entry} */
function readEntry(field, text) {
  if (typeof text !== 'string') throw invalid(field, text, ALLOWED);
  const [, name, port] = /^(\[[^\]]*\]|[^:]*)(?::([0-9]{1,5}))?$/.exec(text) ?? [];
  const ports = port === undefined ? SCHEME_PORTS : [Number(port)];
  if (!name || ports[0] < 1 || ports[0] > 65_535) throw invalid(field, text, ALLOWED);
  if (name === '*') {
    // Every host on every port is refused, so that it is not allowed by mistake.
    if (port === undefined) throw invalid(field, text, "'*:443' where every public host is meant");
    return { text, kind: 'any', host: '', ports };
  }
  const kind = name.startsWith('*.') ? 'subdomains' : 'host';
  const host = readHost(field, text, kind === 'host' ? name : name.slice(2));
  if (kind === 'subdomains' && isIP(host)) throw invalid(field, text, 'an address without *, which has no subdomains');
  return { text, kind, host, ports };
}

function readHost(field, text, name) {
  const url = /[*%/\\?#@\s]/.test(name) ? null : parseUrl(`http://${name}/`);
  if (!url?.hostname) throw invalid(field, text, ALLOWED);
  const { host } = target(url);
  // `URL` parses numbers such as 0x7f.1 as an IPv4 address. In a list that is a mistake.
  if (isIPv4(host) && name !== host && !name.startsWith('[')) throw invalid(field, text, `${host}, if that is meant`);
  return host;
}

function parseUrl(text) {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}

/**
 * Gives the host and port of a URL in the form that rules compare. `URL` has lower-cased and encoded the name, and
 * parsed addresses in whatever notation.
 * @param {URL} url - http: or https:
 * @returns {{ host: string, port: number }}
 */
function target(url) {
  const name = url.hostname.replace(/^\[|\]$|\.$/g, '');
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
  return { host: isIP(name) ? canonical(name) : name, port };
}

module.exports = { Rules, target };
