'use strict';

// Detects changes of the built-ins of a realm. Used in this process, and as source text in the worker's own realm.

/** @returns a function that records the built-ins, and returns a function that lists the changes since then */
function trackBuiltins() {
  const { getOwnPropertyDescriptor, getPrototypeOf, isExtensible, ownKeys } = Reflect;
  const isObject = (value) => (typeof value === 'object' && value !== null) || typeof value === 'function';
  const { is } = Object;
  const parts = ['value', 'get', 'set', 'writable', 'enumerable', 'configurable'];
  // Built-ins that the engine or the platform change by themselves.
  const volatile = ['RegExp', 'performance', 'process', 'console', 'globalThis', 'global', 'crypto', 'navigator'];

  // Registered symbols are left out: the marks of realms are such symbols.
  const { keyFor } = Symbol;
  const keysOf = (object) => {
    const keys = ownKeys(object);
    const kept = [];
    for (let i = 0; i < keys.length; i++) {
      if (typeof keys[i] === 'symbol' && keyFor(keys[i]) !== undefined) continue;
      kept[kept.length] = keys[i];
    }
    return kept;
  };

  function collect() {
    const kept = [];
    const add = (name, object) => {
      if (!isObject(object)) return;
      for (let i = 0; i < kept.length; i++) if (kept[i].object === object) return;
      const keys = keysOf(object);
      const descriptors = [];
      for (let i = 0; i < keys.length; i++) descriptors[i] = getOwnPropertyDescriptor(object, keys[i]);
      const extensible = isExtensible(object);
      kept[kept.length] = { name, object, keys, descriptors, extensible, proto: getPrototypeOf(object) };
    };
    const roots = [
      [].values(),
      new Map().values(),
      new Set().values(),
      ''.matchAll(/x/g),
      (function* () {})(),
      (async function* () {})(),
      () => {},
      async () => {},
    ];
    for (let i = 0; i < roots.length; i++) {
      for (let o = getPrototypeOf(roots[i]); o !== null; o = getPrototypeOf(o)) add(`built-in ${i}`, o);
    }
    for (const name of ownKeys(globalThis)) {
      if (typeof name !== 'string' || volatile.includes(name)) continue;
      const { value } = getOwnPropertyDescriptor(globalThis, name);
      add(name, value);
      if (isObject(value)) add(`${name}.prototype`, getOwnPropertyDescriptor(value, 'prototype')?.value);
    }
    if (!('process' in globalThis)) add('globalThis', globalThis);
    return kept;
  }

  function changes(kept) {
    const found = [];
    const say = (text) => {
      if (found.length < 5) found[found.length] = text;
    };
    for (let i = 0; i < kept.length; i++) {
      const { name, object, keys, descriptors, extensible, proto } = kept[i];
      if (getPrototypeOf(object) !== proto) say(`${name} has another prototype`);
      if (isExtensible(object) !== extensible) say(`${name} is frozen`);
      if (keysOf(object).length !== keys.length) say(`${name} has other keys`);
      for (let k = 0; k < keys.length; k++) {
        const now = getOwnPropertyDescriptor(object, keys[k]);
        for (let p = 0; p < parts.length; p++) {
          if (!is(now?.[parts[p]], descriptors[k][parts[p]])) say(`${name}.${String(keys[k])}`);
        }
      }
    }
    return found;
  }

  return () => {
    const kept = collect();
    return () => changes(kept);
  };
}

module.exports = { trackBuiltins };
