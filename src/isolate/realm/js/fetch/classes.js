// Headers, Request, Response and FormData of undici, which Node uses as well. `tools/fetch-classes.mjs` bundles this
// file and what it requires into one module when the addon is built. `node.js` stands in for Node's modules,
// `globals.js` for the global object.

// Imported first, before a task can replace a global.
import './globals.js';

let classes;

/** Evaluates undici's modules on the first call, in the order of their dependencies. */
export function load() {
  if (classes !== undefined) return classes;
  const { FormData } = require('undici/lib/web/fetch/formdata.js');
  const { Headers, HeadersList } = require('undici/lib/web/fetch/headers.js');
  const { Response, fromInnerResponse, makeResponse } = require('undici/lib/web/fetch/response.js');
  const { Request, getRequestState } = require('undici/lib/web/fetch/request.js');
  const dataUrls = require('undici/lib/web/fetch/data-url.js');
  // The bundler renames classes that refer to themselves.
  for (const [name, value] of Object.entries({ FormData, Headers, Request, Response })) {
    Object.defineProperty(value, 'name', { __proto__: null, value: name });
  }
  classes = {
    __proto__: null,
    FormData,
    Headers,
    HeadersList,
    Request,
    Response,
    dataUrls,
    fromInnerResponse,
    getRequestState,
    makeResponse,
  };
  return classes;
}
