// Headers, Request, Response and FormData: undici's, which are Node's own. `tools/fetch-classes.mjs` makes
// one module of this file and of what it requires when the addon is built. What undici takes of Node's
// modules is in node.js, what it takes of the global object in globals.js.

// Before a task can replace any of them.
import './globals.js';

let classes;

/** Evaluates undici's modules, in the order that they need, when one of the classes is first asked for. */
export function load() {
  if (classes !== undefined) return classes;
  const { FormData } = require('undici/lib/web/fetch/formdata.js');
  const { Headers, HeadersList } = require('undici/lib/web/fetch/headers.js');
  const { Response, fromInnerResponse, makeResponse } = require('undici/lib/web/fetch/response.js');
  const { Request, getRequestState } = require('undici/lib/web/fetch/request.js');
  const dataUrls = require('undici/lib/web/fetch/data-url.js');
  // The bundler gives classes that name themselves another name.
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
