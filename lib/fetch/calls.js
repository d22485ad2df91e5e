'use strict';

// `fetch` of tasks: calls like those of host functions, which a task may break off.
// src/isolate/realm/js/bootstrap.js begins them.

/** The answer's body, and what is to be done when nobody reads it any more. */
async function* bodyOf(body, onEnd) {
  try {
    yield* body;
  } finally {
    onEnd();
  }
}

/**
 * Answers the fetches of tasks.
 * @param {import('../host/calls.js').Calls} calls
 * @param {import('../options/permissions.js').Permissions} permissions
 */
function registerFetch(calls, permissions) {
  /** Context of an attempt → number of a fetch → its AbortController. */
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
