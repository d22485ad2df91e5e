'use strict';

// Each snippet is the body of an async function. It runs in this process, with Node's own classes, and as a
// code task, and has to come to the same end: the same value, or an error of the same name and message.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { after, before } = require('node:test');
const undici = require('undici');
const { createWorkerPool } = require('../..');
const { describe, test } = require('../support/test.js');
const { withPool } = require('../support/pool.js');

const AsyncFunction = (async () => {}).constructor;

const SNIPPETS = {
  'Headers: construction': [
    'return [...new Headers()]',
    'return [...new Headers({ B: "2", a: "1" })]',
    'return [...new Headers([["b", "2"], ["A", "1"], ["a", "3"]])]',
    'return [...new Headers(new Headers({ x: "y" }))]',
    'return [...new Headers(new Map([["x", "y"]]))]',
    'return [...new Headers(undefined)]',
    'return new Headers(null)',
    'return new Headers(1)',
    'return new Headers("a: b")',
    'return new Headers([["a"]])',
    'return new Headers([["a", "b", "c"]])',
    'return new Headers(["ab"])',
    'return new Headers({ "a b": "c" })',
    'return new Headers({ a: "b\\nc" })',
    'return new Headers({ a: "\\u0100" })',
    'return new Headers({ "\\u0100": "a" })',
    'return new Headers({ a: Symbol("s") })',
    'return [...new Headers({ a: 1, b: null, c: undefined, d: [1, 2] })]',
    'return Headers({})',
  ],
  'Headers: normalisation': [
    'return new Headers({ a: "  x y\\t " }).get("A")',
    'return new Headers({ a: "\\r\\n x \\r\\n" }).get("a")',
    'return new Headers({ a: "" }).get("a")',
    'return new Headers({ a: "\\u00e9" }).get("a")',
    'const h = new Headers(); h.append("a", "1"); h.append("A", "2"); return [h.get("a"), [...h]]',
    'const h = new Headers({ a: "1" }); h.set("A", "2"); return [...h]',
    'const h = new Headers({ a: "1" }); h.delete("A"); return [h.has("a"), h.get("a")]',
    'const h = new Headers({ cookie: "a=1" }); h.append("Cookie", "b=2"); return h.get("cookie")',
    'const h = new Headers(); h.append("set-cookie", "a=1"); h.append("Set-Cookie", "b=2"); return [h.getSetCookie(), [...h], h.get("set-cookie")]',
    'const h = new Headers([["set-cookie", "a"], ["set-cookie", "b"]]); h.delete("set-cookie"); return h.getSetCookie()',
    'const h = new Headers([["set-cookie", "a"]]); return new Headers(h).getSetCookie()',
  ],
  'Headers: iteration and arguments': [
    'const h = new Headers({ b: "2", a: "1" }); return [[...h.keys()], [...h.values()], [...h.entries()]]',
    'const seen = []; new Headers({ b: "2", a: "1" }).forEach((value, key, all) => seen.push(key, value, all instanceof Headers)); return seen',
    'const h = new Headers({ a: "1", b: "2" }); const seen = []; for (const [k] of h) { seen.push(k); h.delete("b"); } return seen',
    'const h = new Headers({ a: "1" }); const seen = []; for (const [k] of h) { seen.push(k); if (seen.length < 3) h.append("x" + seen.length, "v"); } return seen',
    'return Object.prototype.toString.call(new Headers().keys())',
    'return Object.prototype.toString.call(new Headers())',
    'return new Headers().append("a")',
    'return new Headers().append("", "x")',
    'return new Headers().get("a b")',
    'return new Headers().has()',
    'return new Headers().forEach()',
    'return new Headers().forEach(1)',
    'return Headers.prototype.get.call({}, "a")',
    'return Object.keys(Object.getOwnPropertyDescriptors(Headers.prototype)).sort()',
    'return Headers.prototype[Symbol.iterator] === Headers.prototype.entries',
    'return [Headers.name, Headers.length, Headers.prototype.append.length]',
  ],
  'Headers: guards': [
    'Response.error().headers.set("a", "b")',
    'Response.redirect("http://x/").headers.append("a", "b")',
    'Response.redirect("http://x/").headers.delete("location")',
    'const r = new Response(); r.headers.set("set-cookie", "a"); return r.headers.getSetCookie()',
    'const r = new Request("http://x/"); r.headers.set("host", "y"); r.headers.set("cookie", "z"); return [...r.headers]',
    'const r = new Request("http://x/", { mode: "no-cors" }); r.headers.set("x-y", "1"); r.headers.set("accept", "a"); return [...r.headers]',
  ],
  'Request: construction': [
    'const r = new Request("http://x"); return [r.url, r.method, r.redirect, r.mode, r.credentials, r.cache, r.referrer, r.integrity, r.keepalive, r.duplex, r.destination, r.body]',
    'return new Request("http://x/a b?c d#e").url',
    'return new Request(new URL("http://x/y")).url',
    'return new Request({ toString: () => "http://x/" }).url',
    'return new Request()',
    'return new Request("/relative")',
    'return new Request("http://user:secret@x/")',
    'return new Request("http://x/", 1)',
    'return new Request("http://x/", null).method',
    'return ["get", "post", "Put", "delete", "patch", "PATCH", "options", "HEAD", "CHICKEN"].map((method) => new Request("http://x/", { method }).method)',
    'return new Request("http://x/", { method: "TRACE" })',
    'return new Request("http://x/", { method: "connect" })',
    'return new Request("http://x/", { method: "a b" })',
    'return new Request("http://x/", { method: "" })',
    'return new Request("http://x/", { method: null }).method',
    'return new Request("http://x/", { body: "a" })',
    'return new Request("http://x/", { method: "HEAD", body: "" })',
    'return new Request("http://x/", { mode: "navigate" })',
    'return new Request("http://x/", { mode: "wrong" })',
    'return new Request("http://x/", { redirect: "wrong" })',
    'return new Request("http://x/", { cache: "only-if-cached" })',
    'return new Request("http://x/", { credentials: "omit", cache: "no-store", redirect: "manual", keepalive: 1, integrity: "x" }).redirect',
    'return new Request("http://x/", { referrer: "http://[" })',
    'return new Request("http://x/", { referrer: "" }).referrer',
    'return new Request("http://x/", { window: 1 })',
    'return new Request("http://x/", { window: null }).url',
    'return new Request("http://x/", { signal: {} })',
    'return new Request("http://x/", { method: "POST", body: new ReadableStream() })',
    'return new Request("http://x/", { method: "POST", body: new ReadableStream(), duplex: "half" }).duplex',
    'return new Request("http://x/", { method: "POST", body: "a", headers: { "Content-Type": "x/y" } }).headers.get("content-type")',
    'return Object.keys(Object.getOwnPropertyDescriptors(Request.prototype)).sort()',
  ],
  'Request: of a request': [
    'const a = new Request("http://x/", { method: "POST", headers: { a: "b" }, body: "c" }); const b = new Request(a); return [b.method, [...b.headers], await b.text(), a.bodyUsed]',
    'const a = new Request("http://x/", { method: "POST", body: "c" }); await a.text(); return new Request(a)',
    'const a = new Request("http://x/", { method: "POST", body: "c" }); await a.text(); return await new Request(a, { body: "d" }).text()',
    'const a = new Request("http://x/", { headers: { a: "b" } }); return [...new Request(a, { headers: { c: "d" } }).headers]',
    'const a = new Request("http://x/", { method: "POST", body: "c" }); return new Request(a, { method: "GET" })',
    'const a = new Request("http://x/", { method: "POST", body: "c" }); const b = a.clone(); return [await a.text(), await b.text()]',
    'const a = new Request("http://x/", { method: "POST", body: "c" }); await a.text(); return a.clone()',
    'const a = new Request("http://x/", { method: "POST", body: "c" }); a.body.getReader(); return a.clone()',
  ],
  'Request: signals': [
    'const c = new AbortController(); const r = new Request("http://x/", { signal: c.signal }); c.abort("why"); return [r.signal.aborted, r.signal.reason, r.signal === c.signal]',
    'const r = new Request("http://x/", { signal: AbortSignal.abort("why") }); return [r.signal.aborted, r.signal.reason]',
    'const c = new AbortController(); const r = new Request("http://x/", { signal: c.signal }).clone(); c.abort("why"); return [r.signal.aborted, r.signal.reason]',
    'const c = new AbortController(); const r = new Request(new Request("http://x/", { signal: c.signal })); c.abort(); return [r.signal.aborted, r.signal.reason.name]',
    'const c = new AbortController(); const r = new Request("http://x/", { signal: c.signal }); const seen = new Promise((done) => r.signal.addEventListener("abort", () => done("heard"))); c.abort(); return seen',
    'const r = new Request("http://x/", { signal: null }); return r.signal.aborted',
    'const r = new Request("http://x/"); return r.signal instanceof AbortSignal',
  ],
  'Response: construction': [
    'const r = new Response(); return [r.status, r.ok, r.statusText, r.type, r.url, r.redirected, r.body, r.bodyUsed, [...r.headers]]',
    'const r = new Response("a", { status: 201, statusText: "Made", headers: { a: "b" } }); return [r.status, r.ok, r.statusText, [...r.headers]]',
    'return new Response(null, { status: 404 }).ok',
    'return new Response("", { status: 199 })',
    'return new Response("", { status: 600 })',
    'return new Response("", { status: "abc" })',
    'return new Response("", { status: 200.9 }).status',
    'return new Response("", { status: 65736 }).status',
    'return new Response("", { statusText: "a\\nb" })',
    'return new Response("", { statusText: "\\u0100" })',
    'return new Response("", { headers: [["a"]] })',
    'return new Response("", 1)',
    'return new Response("a", { status: 204 })',
    'return new Response("a", { status: 304 })',
    'return new Response(null, { status: 204 }).body',
    'return Response("a")',
    'return Object.keys(Object.getOwnPropertyDescriptors(Response.prototype)).sort()',
    'return Object.keys(Object.getOwnPropertyDescriptors(Response)).sort()',
  ],
  'Response: json, error, redirect': [
    'const r = Response.json({ a: [1] }, { status: 202 }); return [r.status, [...r.headers], await r.json()]',
    'return [...Response.json(1, { headers: { "content-type": "x/y" } }).headers]',
    'return Response.json()',
    'return Response.json(undefined)',
    'return Response.json(Symbol())',
    'return Response.json(1n)',
    'return Response.json(() => {})',
    'return Response.json({}, { status: 204 })',
    'const r = Response.error(); return [r.type, r.status, r.ok, r.statusText, r.body, r.url]',
    'const r = Response.redirect("http://x/y z", 307); return [r.status, [...r.headers], r.body, r.redirected]',
    'return Response.redirect("http://x/").status',
    'return Response.redirect("http://x/", 200)',
    'return Response.redirect("/relative")',
    'return Response.redirect()',
  ],
  'bodies: reading': [
    'return await new Response("h\\u00e9llo \\u{1F600}").text()',
    'return await new Response("\\ufeffa").text()',
    'return await new Response(new Uint8Array([0xef, 0xbb, 0xbf, 0x61])).text()',
    'return await new Response(new Uint8Array([0xff, 0x61])).text()',
    'return await new Response(new Uint8Array([0xef, 0xbb, 0xbf, 0x31])).json()',
    'return await new Response(\'{"a":[1,null]}\').json()',
    'return await new Response("").json().catch((error) => error.name)',
    'return await new Response("{").json().catch((error) => error.name)',
    'return new Uint8Array(await new Response("\\u00e9").arrayBuffer())',
    'const b = await new Response("a", { headers: { "content-type": "Text/HTML; Charset=UTF-8" } }).blob(); return [b instanceof Blob, b.type, b.size, await b.text()]',
    'const b = await new Response("a").blob(); return b.type',
    'const b = await new Response(new Uint8Array([1])).blob(); return [b.type, b.size]',
    'return [await new Response().text(), (await new Response().arrayBuffer()).byteLength, (await new Response().blob()).size]',
    'return await new Response().json().catch((error) => error.name)',
    'return await new Response().formData()',
    'return await Response.prototype.text.call({})',
    'const p = Response.prototype.text.call({}); return [p instanceof Promise, await p.catch((error) => error.name)]',
    'return typeof new Response("").bytes === "undefined" || new Response("\\u00e9").bytes().then((b) => b.constructor === Uint8Array && b.length === 2)',
  ],
  'bodies: what they are made of': [
    'const r = new Response(new URLSearchParams({ a: "b c", "\\u00e9": "&" })); return [r.headers.get("content-type"), await r.text()]',
    'const r = new Response(new Blob(["a", "b"], { type: "x/y" })); return [r.headers.get("content-type"), await r.text()]',
    'const r = new Response(new Blob(["a"])); return r.headers.get("content-type")',
    'const r = new Response(new File(["abc"], "n.txt", { type: "text/plain" })); return [r.headers.get("content-type"), await r.text()]',
    'return await new Response(new Uint8Array([97, 98, 99]).subarray(1)).text()',
    'return await new Response(new Uint8Array([97, 98]).buffer).text()',
    'return await new Response(new DataView(new Uint8Array([97, 98, 99]).buffer, 1, 1)).text()',
    'const bytes = new Uint8Array([97]); const r = new Response(bytes); bytes[0] = 98; return await r.text()',
    'return [await new Response(1).text(), await new Response({}).text(), await new Response([1, 2]).text(), await new Response(true).text()]',
    'return new Response(Symbol("s"))',
    'return await new Response("\\ud800").text()',
    'const r = new Response(new ReadableStream({ start(c) { c.enqueue(new TextEncoder().encode("ab")); c.enqueue(new TextEncoder().encode("c")); c.close(); } })); return [r.headers.get("content-type"), await r.text()]',
    'const r = new Response(new ReadableStream({ start(c) { c.enqueue("text"); c.close(); } })); return await r.text()',
    'return await new Response(new ReadableStream({ start(c) { c.error(new RangeError("broken")); } })).text()',
    'return await new Response(new ReadableStream({ pull() { throw new RangeError("broken"); } })).text()',
    'const s = new ReadableStream(); s.getReader(); return new Response(s)',
    'const s = new ReadableStream({ start(c) { c.close(); } }); await s.getReader().read(); return new Response(s)',
    'return await new Response((async function* () { yield new TextEncoder().encode("a"); yield new TextEncoder().encode("b"); })()).text()',
    'const { readable, writable } = new TransformStream(); const w = writable.getWriter(); w.write(new Uint8Array([97])); w.close(); return await new Response(readable).text()',
    'return await new Response(new Blob(["abcdef"]).slice(1, 3)).text()',
    'return await new Response(new Response("nested").body).text()',
  ],
  'bodies: streams and use': [
    'const r = new Response("abc"); const reader = r.body.getReader(); const { value, done } = await reader.read(); return [done, value, (await reader.read()).done]',
    'const r = new Response("abc"); const seen = []; for await (const chunk of r.body) seen.push(...chunk); return [seen, r.bodyUsed]',
    'const r = new Response("abc"); return [r.bodyUsed, await r.text(), r.bodyUsed]',
    'const r = new Response("abc"); await r.text(); return await r.text()',
    'const r = new Response("abc"); await r.text(); return await r.arrayBuffer()',
    'const r = new Response("abc"); const p = r.text(); return await r.json()',
    'const r = new Response("abc"); r.body.getReader(); return [r.bodyUsed, r.body.locked, await r.text()]',
    'const r = new Response("abc"); const reader = r.body.getReader(); reader.releaseLock(); return await r.text()',
    'const r = new Response("abc"); await r.body.cancel(); return [r.bodyUsed, await r.text()]',
    'const r = new Response(); await r.text(); return [r.bodyUsed, await r.text()]',
    'const r = new Response("abc"); return r.body === r.body',
    'let reason; const r = new Response(new ReadableStream({ cancel(why) { reason = why; } })); await r.body.cancel("enough"); return reason',
    'const reader = new Response("abcdef").body.getReader({ mode: "byob" }); const { value } = await reader.read(new Uint8Array(4)); return [...value]',
    'const r = new Response("abc").body.pipeThrough(new TextDecoderStream()); let all = ""; for await (const t of r) all += t; return all',
    'const big = "x".repeat(300000); return (await new Response(new Blob([big])).text()).length',
  ],
  'bodies: clone and tee': [
    'const a = new Response("abc", { status: 201, headers: { x: "y" } }); const b = a.clone(); return [b.status, [...b.headers], await b.text(), await a.text()]',
    'const a = new Response("abc"); const b = a.clone(); b.headers.set("x", "y"); return a.headers.has("x")',
    'const a = new Response("abc"); await a.text(); return a.clone()',
    'const a = new Response("abc"); a.body.getReader(); return a.clone()',
    'const a = new Response(); return a.clone().body',
    'const [x, y] = new Response("abc").body.tee(); return [await new Response(x).text(), await new Response(y).text()]',
    'const a = new Response(new ReadableStream({ start(c) { c.enqueue(new Uint8Array([97, 98])); c.close(); } })); const b = a.clone(); return [await a.text(), await b.text()]',
  ],
  FormData: [
    'const f = new FormData(); f.append("a", "1"); f.append("a", 2); f.append("b", null); return [f.get("a"), f.getAll("a"), f.get("b"), f.get("c"), f.has("a"), [...f]]',
    'const f = new FormData(); f.append("a", "1"); f.append("b", "2"); f.append("a", "3"); f.set("a", "4"); return [...f]',
    'const f = new FormData(); f.append("a", "1"); f.delete("a"); return [...f.keys()]',
    'const f = new FormData(); f.append("a", new Blob(["x"], { type: "t/x" })); const v = f.get("a"); return [v instanceof File, v.name, v.type, v.size]',
    'const f = new FormData(); f.append("a", new Blob(["x"]), "n.txt"); return f.get("a").name',
    'const f = new FormData(); f.append("a", new File(["x"], "old.txt", { lastModified: 5 }), "new.txt"); return [f.get("a").name, f.get("a").lastModified]',
    'return new FormData().append("a", "b", "c")',
    'return new FormData().append("a")',
    'return new FormData({})',
    'const f = new FormData(); f.append("\\ud800", "\\ud800"); return [...f]',
    'const seen = []; const f = new FormData(); f.append("a", "1"); f.forEach((value, key) => seen.push(key, value)); return seen',
    'return Object.prototype.toString.call(new FormData())',
    'return FormData.prototype.get.call({}, "a")',
  ],
  'FormData: multipart': [
    'const f = new FormData(); f.append("a", "1\\n2"); f.append("q\\"\\n", "x"); f.append("f", new File(["abc"], "n\\".txt", { type: "text/plain" })); const r = new Response(f); const type = r.headers.get("content-type"); const boundary = type.slice(type.indexOf("=") + 1); return (await r.text()).replaceAll(boundary, "B")',
    'const f = new FormData(); f.append("a", "\\u00e9"); f.append("f", new File(["abc"], "n.txt", { type: "text/plain" })); const back = await new Response(f).formData(); return [back.get("a"), back.get("f").name, back.get("f").type, await back.get("f").text()]',
    'const f = new FormData(); const back = await new Response(f).formData().catch((error) => [error.name]); return [...back]',
    'const body = "--B\\r\\nContent-Disposition: form-data; name=\\"a\\"\\r\\n\\r\\n1\\r\\n--B--\\r\\n"; return [...(await new Response(body, { headers: { "content-type": "multipart/form-data; boundary=B" } }).formData())]',
    'const body = "--B\\r\\nContent-Disposition: form-data; name=\\"a\\"; filename=\\"x.bin\\"\\r\\n\\r\\n\\r\\n--B--\\r\\n"; const f = await new Response(body, { headers: { "content-type": "multipart/form-data; boundary=B" } }).formData(); return [f.get("a").name, f.get("a").type, f.get("a").size]',
    'const body = "--B\\r\\nContent-Disposition: form-data; name=\\"a\\"\\r\\ncontent-transfer-encoding: base64\\r\\n\\r\\naGVsbG8=\\r\\n--B--\\r\\n"; return [...(await new Response(body, { headers: { "content-type": "multipart/form-data; boundary=B" } }).formData())]',
    'return await new Response("junk", { headers: { "content-type": "multipart/form-data; boundary=B" } }).formData()',
    'return await new Response("--B\\r\\nx", { headers: { "content-type": "multipart/form-data; boundary=B" } }).formData()',
    'return await new Response("a", { headers: { "content-type": "multipart/form-data" } }).formData()',
    'return await new Response("a", { headers: { "content-type": "text/plain" } }).formData()',
    'const f = new FormData(); f.append("a", "b"); const r = new Request("http://x/", { method: "POST", body: f }); return [...(await r.formData())]',
  ],
  'FormData: urlencoded': [
    'return [...(await new Response(new URLSearchParams([["a", "b c"], ["a", "d"]])).formData())]',
    'return [...(await new Response("a=1&b=%C3%A9&c+d=e%26&x", { headers: { "content-type": "application/x-www-form-urlencoded" } }).formData())]',
    'return [...(await new Response("", { headers: { "content-type": "application/x-www-form-urlencoded" } }).formData())]',
  ],
  'streams: the classes behind them': [
    'return [ReadableStreamDefaultReader, ReadableStreamBYOBReader, ReadableStreamBYOBRequest, ReadableStreamDefaultController, ReadableByteStreamController, WritableStreamDefaultWriter, WritableStreamDefaultController, TransformStreamDefaultController].map((c) => c.name)',
    'return new ReadableStream().getReader() instanceof ReadableStreamDefaultReader',
    'return new ReadableStream({ type: "bytes" }).getReader({ mode: "byob" }) instanceof ReadableStreamBYOBReader',
    'const seen = []; new ReadableStream({ start: (c) => seen.push(c instanceof ReadableStreamDefaultController) }); new ReadableStream({ type: "bytes", start: (c) => seen.push(c instanceof ReadableByteStreamController) }); new WritableStream({ start: (c) => seen.push(c instanceof WritableStreamDefaultController) }); new TransformStream({ start: (c) => seen.push(c instanceof TransformStreamDefaultController) }); return seen',
    'return new WritableStream().getWriter() instanceof WritableStreamDefaultWriter',
    'const reader = new ReadableStreamDefaultReader(new Response("a").body); return [...(await reader.read()).value]',
    'try { new ReadableStreamDefaultController() } catch (error) { return error.name }',
  ],
  performance: [
    'return [performance instanceof Performance, performance instanceof EventTarget, typeof performance.timeOrigin]',
    'return Math.abs(performance.timeOrigin + performance.now() - Date.now()) < 1000',
    'const mark = performance.mark("a", { detail: { x: 1 } }); return [mark instanceof PerformanceMark, mark instanceof PerformanceEntry, mark.name, mark.entryType, mark.duration, mark.detail]',
    'performance.mark("b"); performance.mark("c"); const m = performance.measure("d", "b", "c"); return [m instanceof PerformanceMeasure, m.name, m.entryType, m.duration >= 0]',
    'performance.mark("e", { startTime: 5 }); performance.mark("f", { startTime: 8 }); return performance.measure("g", "e", "f").duration',
    'performance.mark("h"); performance.mark("h"); const n = performance.getEntriesByName("h").length; performance.clearMarks("h"); return [n, performance.getEntriesByName("h").length]',
    'try { performance.measure("i", "no such mark") } catch (error) { return error.name }',
    'try { new PerformanceEntry() } catch (error) { return error.name }',
    'return Object.keys(performance.toJSON()).includes("timeOrigin")',
  ],
};

const { FormData, Headers, Request, Response } = undici;

/** What Node's own undici, older or newer than the isolates', words or lists otherwise: theirs is the model. */
const BY_VERSION = new Set([
  'return new Headers(["ab"])',
  'return new Headers({ a: Symbol("s") })',
  'return new Request("http://x/", 1)',
  'return new Request("http://x/", { mode: "wrong" })',
  'return new Request("http://x/", { redirect: "wrong" })',
  'return new Request("http://x/", { signal: {} })',
  'return new Response(Symbol("s"))',
  'return new FormData().append("a", "b", "c")',
  'return Object.keys(Object.getOwnPropertyDescriptors(Request.prototype)).sort()',
  'return Object.keys(Object.getOwnPropertyDescriptors(Response.prototype)).sort()',
]);

function inNode(code) {
  if (!BY_VERSION.has(code)) return new AsyncFunction(code)();
  const run = new AsyncFunction('FormData', 'Headers', 'Request', 'Response', code);
  return run(FormData, Headers, Request, Response);
}

/** The value of a promise, or what it rejects with as text. */
async function outcome(promise) {
  try {
    return { value: await promise };
  } catch (error) {
    const { name, message } = error.code === 'ERR_TASK_FAILED' ? error.cause : error;
    return { error: `${name}: ${message}` };
  }
}

let pool;
before(async () => {
  pool = await createWorkerPool({ poolSize: 1, maxTaskRetries: 0 });
});
after(() => pool.shutdown(false));

for (const [name, codes] of Object.entries(SNIPPETS)) {
  describe(name, () => {
    for (const code of codes) {
      test(code, async () => {
        const ours = await outcome(pool.submitTask({ type: 'javascript', code }));
        assert.deepEqual(ours, await outcome(inNode(code)));
      });
    }
  });
}

test('a task may set something of its own in place of a class', async (t) => {
  const pool = await withPool(t);
  const code = 'globalThis.Headers = 1; return [Headers, typeof new Response().headers]';
  assert.deepEqual(await pool.submitTask({ type: 'javascript', code }), [1, 'object']);
});

test('a global that a task replaces is not replaced in the classes', async (t) => {
  const fresh = await withPool(t);
  const code = `
    for (const name of ['Array', 'Blob', 'Map', 'Object', 'Promise', 'ReadableStream', 'String', 'TextDecoder', 'URL']) {
      globalThis[name] = undefined;
    }
    return [new Request('http://x/y').url, await new Response('a').text()]`;
  assert.deepEqual(await fresh.submitTask({ type: 'javascript', code }), ['http://x/y', 'a']);
});

test('the console shows them as Node does', async () => {
  const code = 'console.log(new Headers({ a: "b" }), new FormData())';
  const line = once(pool, 'console');
  await pool.submitTask({ type: 'javascript', code });
  assert.equal((await line)[0].text, "Headers { a: 'b' } FormData {}");
});

test('performance.now() steps by whole milliseconds, and no further', async () => {
  const code = `
    const start = performance.now();
    const seen = new Set([start]);
    while (performance.now() < start + 30) seen.add(performance.now());
    return [...seen]`;
  const seen = await pool.submitTask({ type: 'javascript', code });
  assert.ok(seen.every(Number.isInteger), seen.join());
  // Deno's own coarse clock knows every second millisecond only.
  assert.ok(seen.some((ms) => ms % 2 === 1) && seen.some((ms) => ms % 2 === 0), seen.join());
});

test('there is no fetch', async () => {
  assert.equal(await pool.submitTask({ type: 'javascript', code: 'return typeof fetch' }), 'undefined');
});
