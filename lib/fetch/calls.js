'use strict';

// The calls by which tasks fetch. They are answered as those of host functions, and a task may abort them.
// src/isolate/realm/js/bootstrap.js makes them.

/** The body of a response. `onEnd` is called when it was read to its end, or is not read any more. */
async function* bodyOf(body, onEnd) {
  try {
    yield* body;
  } finally {
    onEnd();
  }
}

/**
 * Registers the targets of `fetch`.
 * @param {import('../host/calls.js').Calls} calls
 * @param {import('../options/permissions.js').Permissions} permissions
 */
function registerFetch(calls, permissions) {
  /** Context of an attempt → number of a fetch → its AbortController, while it is open. */
  const open = new WeakMap();

  calls.register('fetch', async ([request, number], context) => {
    const fetches = open.get(context) ?? new Map();
    open.set(context, fetches);
    const controller = new AbortController();
    const abort = () => controller.abort(context.signal.reason);
    const forget = () => {
      fetches.delete(number);
      context.signal.removeEventListener('abort', abort);
    };
    fetches.set(number, controller);
    context.signal.addEventListener('abort', abort);
    if (context.signal.aborted) abort();
    try {
      const response = await permissions.fetch(request, { task: context, signal: controller.signal });
      if (response.body === null) forget();
      else response.body = bodyOf(response.body, forget);
      return response;
    } catch (error) {
      forget();
      throw error;
    }
  });

  calls.register('fetch:abort', ([number], context) => open.get(context)?.get(number)?.abort());
}

module.exports = { registerFetch };
