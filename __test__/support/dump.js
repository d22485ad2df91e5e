'use strict';

/**
 * Writes a value as text, with every byte and reference. So a value in an isolate can be compared with one here. The
 * source text of the function is evaluated in isolates, so it must not refer to anything outside it.
 * @param {unknown} root
 * @returns {string}
 */
function dump(root) {
  const numbers = new Map();
  const prototypes = new Map();
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    const it = /^[A-Z]/.test(name) ? globalThis[name] : undefined;
    if (typeof it === 'function' && it.prototype) prototypes.set(it.prototype, name);
  }
  const of = (value) => {
    if (typeof value === 'string') return JSON.stringify(value);
    if (typeof value === 'bigint') return `${value}n`;
    if (typeof value !== 'object' || value === null) return Object.is(value, -0) ? '-0' : String(value);
    const number = numbers.get(value);
    if (number !== undefined) return `#${number}`;
    numbers.set(value, numbers.size);
    const name = prototypes.get(Object.getPrototypeOf(value)) ?? '?';
    const tag = Object.prototype.toString.call(value);
    return `#${numbers.size - 1} ${tag} ${name} (${inside(value, tag.slice(8, -1)).join(', ')})`;
  };
  const inside = (value, tag) => {
    if (ArrayBuffer.isView(value)) return [of(value.buffer), value.byteOffset, value.byteLength];
    const parts = [];
    if (tag === 'ArrayBuffer') parts.push(value.resizable, value.maxByteLength, new Uint8Array(value).join(' '));
    else if (tag === 'RegExp') parts.push(value.source, value.flags);
    else if (tag === 'Map') parts.push(...Array.from(value, ([key, item]) => `${of(key)} => ${of(item)}`));
    else if (tag === 'Set') parts.push(...Array.from(value, of));
    else if (['Date', 'Number', 'String', 'Boolean', 'BigInt'].includes(tag)) parts.push(of(value.valueOf()));
    const isError = tag === 'Error';
    let keys = Reflect.ownKeys(value);
    // Versions of V8 differ in the position of `stack` among the keys.
    if (isError) keys = ['stack', ...keys.filter((key) => key !== 'stack').sort()];
    for (const key of keys) {
      const property = Object.getOwnPropertyDescriptor(value, key);
      const isHidden = property?.enumerable ? '' : '!';
      parts.push(`${isHidden}${typeof key === 'string' ? JSON.stringify(key) : String(key)}: ${of(value[key])}`);
    }
    return parts;
  };
  return of(root);
}

module.exports = { dump };
