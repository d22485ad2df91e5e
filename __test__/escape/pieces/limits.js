'use strict';

// Ends that a task does not choose: it must not see what ends it, nor run on.

/** It tells what it is before it begins, and anything that it says afterwards is an escape. */
const ended = (name, code, settles, more) => ({
  name,
  raw: true,
  blind: 'nothing but isolane would end it',
  settles,
  code: `
    $.see('nothing', {});
    const escaped = (how, what) => { $.find('ran on', how); $.see('it', what); $.tellNow(); };
    $.tellNow();
    ${code}
  `,
  ...more,
});

const timeout = { timeout: 200 };
const memory = 'ERR_MEMORY_LIMIT';
const anyEnd =
  (...codes) =>
  ({ status, reason }) =>
    status === 'fulfilled' || codes.includes(reason.code);

module.exports = [
  ended(
    'a loop in a try',
    'try { for (;;); } catch (e) { escaped("catch", e); } finally { escaped("finally"); }',
    'ERR_TASK_TIMEOUT',
    timeout,
  ),
  ended(
    'a loop in a generator',
    'function* g() { try { for (;;); } finally { escaped("finally"); } } [...g()];',
    'ERR_TASK_TIMEOUT',
    timeout,
  ),
  ended(
    'a loop in a reaction',
    'await Promise.resolve().then(() => { for (;;); }).catch((e) => escaped("catch", e)).finally(() => escaped("finally"));',
    'ERR_TASK_TIMEOUT',
    timeout,
  ),
  ended(
    'a loop in a timer',
    'setTimeout(() => { try { for (;;); } finally { escaped("finally"); } }, 0); await new Promise(() => {});',
    'ERR_TASK_TIMEOUT',
    timeout,
  ),
  ended(
    'a loop in a disposer',
    'const stack = new DisposableStack(); stack.defer(() => escaped("disposed")); stack.defer(() => { for (;;); }); try { stack.dispose(); } catch (e) { escaped("catch", e); }',
    'ERR_TASK_TIMEOUT',
    timeout,
  ),
  ended(
    'a loop in a hook of the platform',
    'try { new URL({ toString() { for (;;); } }); } catch (e) { escaped("catch", e); }',
    'ERR_TASK_TIMEOUT',
    timeout,
  ),
  ended(
    'a loop in Error.prepareStackTrace',
    'Error.prepareStackTrace = () => { for (;;); }; try { new Error("e").stack; } catch (e) { escaped("catch", e); }',
    'ERR_TASK_TIMEOUT',
    timeout,
  ),
  ended(
    'a loop while the result is taken',
    'return { get a() { try { for (;;); } finally { escaped("finally"); } } };',
    'ERR_TASK_TIMEOUT',
    timeout,
  ),
  ended(
    'a finalizer after the end',
    'const r = new FinalizationRegistry(() => escaped("finalizer")); for (let i = 0; i < 100; i++) r.register({}, i); new Array(1e6).fill({}); return 1;',
    undefined,
  ),
  ended(
    'microtasks without end',
    'const again = () => Promise.resolve().then(again); again(); await new Promise(() => {});',
    'ERR_TASK_TIMEOUT',
    timeout,
  ),
  ended(
    'timers after the end',
    'setTimeout(() => escaped("timer"), 20); setInterval(() => escaped("interval"), 20); setImmediate(() => setTimeout(() => escaped("immediate"), 10)); return 1;',
    undefined,
  ),
  ended(
    'a promise after the end',
    'const later = new Promise((r) => setTimeout(r, 20)); later.then(() => escaped("reaction")); (async () => { await later; escaped("await"); })(); return 1;',
    undefined,
  ),
  ended(
    'a port after the end',
    'const { port1, port2 } = new MessageChannel(); port2.onmessage = () => escaped("message"); setTimeout(() => port1.postMessage(1), 5); return 1;',
    undefined,
  ),
  ended(
    'a signal after the end',
    'AbortSignal.timeout(10).addEventListener("abort", () => escaped("abort")); return 1;',
    undefined,
  ),
  ended(
    'the heap full',
    'try { const all = []; for (;;) all.push(new Array(1000).fill({})); } catch (e) { escaped("catch", e); }',
    memory,
  ),
  ended(
    'a buffer over the limit',
    'try { new ArrayBuffer(2 ** 31); } catch (e) { $.see("error", e); $.tellNow(); } return 1;',
    anyEnd(memory),
  ),
  ended(
    'a buffer too large',
    'try { new ArrayBuffer(2 ** 52); } catch (e) { $.see("error", e); $.tellNow(); } return 1;',
    anyEnd(memory),
  ),
  ended(
    'buffers of the platform over the limit',
    'try { for (let all = [];;) all.push(new Blob([new Uint8Array(1e6)])); } catch (e) { $.see("error", e); $.tellNow(); } return 1;',
    anyEnd(memory, 'ERR_TASK_TIMEOUT'),
    { timeout: 1000 },
  ),
  ended(
    'a string over the limit',
    'try { let s = "x"; for (;;) s += s; } catch (e) { $.see("error", e); $.tellNow(); } return 1;',
    anyEnd(memory),
  ),
  ended(
    'clones over the limit',
    'try { const all = []; for (;;) all.push(structuredClone(new Uint8Array(1e6))); } catch (e) { $.see("error", e); $.tellNow(); } return 1;',
    anyEnd(memory),
  ),
  ended(
    'WebAssembly memory over the limit',
    'try { new WebAssembly.Memory({ initial: 65536 }); } catch (e) { $.see("error", e); $.tellNow(); } return 1;',
    anyEnd(memory),
  ),
  ended(
    'random values of a large buffer',
    'try { new Uint8Array(2 ** 30); } catch (e) { $.see("error", e); $.tellNow(); } return 1;',
    anyEnd(memory),
  ),
];
