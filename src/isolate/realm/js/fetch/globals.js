// The globals that undici refers to, bound to the original built-ins of the realm: a task that replaces a global does
// not replace it here.

import { primordials } from 'ext:core/mod.js';

export { DOMException } from 'ext:deno_web/01_dom_exception.js';
export { AbortController, AbortSignal } from 'ext:deno_web/03_abort_signal.js';
export { ReadableStream, TransformStream } from 'ext:deno_web/06_streams.js';
export { TextDecoder, TextEncoder } from 'ext:deno_web/08_text_encoding.js';
export { Blob, File } from 'ext:deno_web/09_file.js';
export { MessagePort } from 'ext:deno_web/13_message_port.js';
export { URL, URLSearchParams } from 'ext:deno_url/00_url.js';
export { Buffer } from './buffer.js';

export const {
  Array,
  ArrayBuffer,
  Error,
  FinalizationRegistry,
  JSON,
  Map,
  Math,
  Number,
  Object,
  Promise,
  Proxy,
  RangeError,
  Reflect,
  Set,
  String,
  Symbol,
  TypeError,
  Uint8Array,
  WeakMap,
  WeakRef,
  decodeURIComponent,
  queueMicrotask,
} = primordials;

export const process = {
  versions: { node: '22.0.0' },
  /** Node prints a warning here that a method named `patch` is probably a mistake. */
  emitWarning() {},
};
