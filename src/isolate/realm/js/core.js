// The module `ext:core/mod.js` that Deno's modules import, for a realm, which deno_core does not know. Its functions
// are bindings of Rust (`realm/bindings`) and ops behind the airlock.

import * as ops from 'ext:core/ops';
import { primordialsOf } from 'ext:isolane/primordials.js';
import { NAMES } from 'ext:isolane/names.js';

const primordials = primordialsOf(NAMES);
const { Error, ObjectFreeze, SymbolFor } = primordials;

/** Thrown when an operation is cancelled because its resource was closed. */
class Interrupted extends Error {
  name = 'Interrupted';
}

export const core = {
  __proto__: null,
  build: ObjectFreeze({ __proto__: null, os: 'linux' }),
  // The key by which deno_core's serializer recognizes host objects.
  hostObjectBrand: SymbolFor('Deno.core.hostObject'),

  isAnyArrayBuffer: ops.isAnyArrayBuffer,
  isArgumentsObject: ops.isArgumentsObject,
  isArrayBuffer: ops.isArrayBuffer,
  isArrayBufferView: ops.isArrayBufferView,
  isAsyncFunction: ops.isAsyncFunction,
  isBigIntObject: ops.isBigIntObject,
  isBooleanObject: ops.isBooleanObject,
  isBoxedPrimitive: ops.isBoxedPrimitive,
  isDataView: ops.isDataView,
  isDate: ops.isDate,
  isGeneratorFunction: ops.isGeneratorFunction,
  isGeneratorObject: ops.isGeneratorObject,
  isMap: ops.isMap,
  isMapIterator: ops.isMapIterator,
  isModuleNamespaceObject: ops.isModuleNamespaceObject,
  isNativeError: ops.isNativeError,
  isNumberObject: ops.isNumberObject,
  isPromise: ops.isPromise,
  isProxy: ops.isProxy,
  isRegExp: ops.isRegExp,
  isSet: ops.isSet,
  isSetIterator: ops.isSetIterator,
  isSharedArrayBuffer: ops.isSharedArrayBuffer,
  isStringObject: ops.isStringObject,
  isSymbolObject: ops.isSymbolObject,
  isTypedArray: ops.isTypedArray,
  isWeakMap: ops.isWeakMap,
  isWeakSet: ops.isWeakSet,

  encode: ops.encode,
  decode: ops.decode,
  serialize: (value, options, onError) =>
    ops.serialize(value, options?.hostObjects, options?.transferredArrayBuffers, onError),
  deserialize: (bytes, options) => ops.deserialize(bytes, options?.hostObjects, options?.transferredArrayBuffers),
  structuredClone: (value) => ops.deserialize(ops.serialize(value)),
  getPromiseDetails: ops.getPromiseDetails,
  getProxyDetails: ops.getProxyDetails,

  getAsyncContext: ops.getAsyncContext,
  setAsyncContext: ops.setAsyncContext,
  getTimerDepth: () => 0,
  queueUserTimer: ops.queueUserTimer,
  queueSystemTimer: ops.queueUserTimer,
  cancelTimer: ops.cancelTimer,
  refTimer: ops.refTimer,
  unrefTimer: ops.unrefTimer,
  refOpPromise: ops.refOpPromise,
  unrefOpPromise: ops.unrefOpPromise,
  close: ops.close,
  tryClose: ops.tryClose,

  Interrupted,
  InterruptedPrototype: Interrupted.prototype,
};

export const internals = { __proto__: null };
export { primordials };
