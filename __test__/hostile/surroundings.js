'use strict';

// The pool options of hostile pieces: host functions, an HTTP server that they may reach, and modules to import.

const { createServer } = require('node:http');

const host = {
  echo: (value) => value,
  never: () => new Promise(() => {}),
  fat: () => new Uint8Array(5e6),
  async *count() {
    for (let i = 0; ; i++) yield i;
  },
  async drain(items) {
    let count = 0;
    for await (const _ of items) count++;
    return count;
  },
  async first(items) {
    for await (const item of items) return item;
  },
};

const imports = {
  'app:tools': { code: 'export const one = 1; export const kept = [];' },
  'app:throws': { code: 'throw new Error("top");' },
  'app:never': { code: 'await new Promise(() => {});' },
  'app:loop': { code: 'for (;;);' },
  'app:hog': { code: 'const all = []; for (;;) all.push({ n: all.length });' },
  'app:a': { code: 'import { b } from "app:b"; export const a = () => b;' },
  'app:b': { code: 'import { a } from "app:a"; export const b = () => a;' },
};

const ROUTES = {
  '/ok': (_, response) => response.end('ok'),
  '/never': () => {},
  '/sink': (request, response) => request.resume().on('end', () => response.end()),
  '/loop': (_, response) => response.writeHead(302, { location: '/loop' }).end(),
  '/endless'(_, response) {
    const chunk = Buffer.alloc(2 ** 16);
    const fill = () => {
      while (!response.destroyed && response.write(chunk));
    };
    response.on('drain', fill);
    fill();
  },
};

/** @returns {Promise<{ options: object, close(): Promise<void> }>} `close` ends the server */
async function surroundings() {
  const server = createServer((request, response) => ROUTES[request.url](request, response));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `127.0.0.1:${server.address().port}`;
  const net = { allow: [address], maxResponseBytes: 1e6, maxRequestBytes: 1e6 };
  return {
    options: { host, env: { server: `http://${address}` }, permissions: { net, imports } },
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

module.exports = { surroundings };
