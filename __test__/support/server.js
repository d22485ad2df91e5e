'use strict';

// An HTTP server for the requests of tasks, and the fetch that makes them.

const http = require('node:http');
const { createFetch } = require('../../lib/fetch/fetch.js');
const { permissions } = require('../../lib/options/permissions.js');

/**
 * @param {import('node:test').TestContext} t
 * @param {Record<string, http.RequestListener>} routes - by path
 * @returns {Promise<{ port: number, host: string, origin: string, seen: http.IncomingMessage[], connections: number }>}
 */
async function serve(t, routes) {
  const it = { seen: [], connections: 0 };
  const server = http.createServer((request, response) => {
    it.seen.push(request);
    routes[new URL(request.url, it.origin).pathname](request, response);
  });
  server.on('connection', () => it.connections++);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  it.port = server.address().port;
  it.host = `127.0.0.1:${it.port}`;
  it.origin = `http://${it.host}`;
  return it;
}

/** The fetch of a pool with these permissions, and one task: `fetch(url, init)`. */
function withFetch(t, net, { lookup, task = {}, signal } = {}) {
  const carryOut = createFetch(permissions('permissions', { net }).net, { lookup });
  t.after(() => carryOut.close());
  return (url, init, by) => carryOut({ url, ...init }, { task, signal, ...by });
}

/** A lookup that knows these names, counts what it is asked, and answers with the next addresses each time. */
function names(table) {
  const asked = [];
  const lookup = (name, options, callback) => {
    asked.push(name);
    const known = table[name];
    const addresses = typeof known?.[0] === 'object' ? (known.length > 1 ? known.shift() : known[0]) : known;
    const family = (address) => (address.includes(':') ? 6 : 4);
    setImmediate(() => {
      if (addresses === undefined) return callback(Object.assign(new Error('not found'), { code: 'ENOTFOUND' }));
      if (!options.all) return callback(null, addresses[0], family(addresses[0]));
      callback(
        null,
        addresses.map((address) => ({ address, family: family(address) })),
      );
    });
  };
  return { lookup, asked };
}

async function text(response) {
  const chunks = [];
  for await (const chunk of response.body ?? []) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

const header = (response, name) => response.headers.find(([known]) => known === name)?.[1];

module.exports = { header, names, serve, text, withFetch };
