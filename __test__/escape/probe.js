'use strict';

// The probe that every piece has as `$`. It is source text that runs in the task before the piece. It reports of each
// object that it is shown whether the object belongs to the task's realm, and goes on through properties, accessors,
// prototypes and promises. It holds its own references to everything it uses, because a piece may replace any built-in.
//
// What syntax makes belongs to the task's realm by the specification: literals, functions, and the errors that operators
// throw. The realm of an object shows in four ways: the prototype chain ends in an Object.prototype; the chain of a
// function contains a Function.prototype; a constructor without a `prototype` of its own makes objects of its realm
// (GetPrototypeFromConstructor), whatever its chain is; and the realms that the runner knows are marked.

/** Marks of realms; the symbols are the same in all realms of an isolate. */
const MARKS = {
  worker: 'isolane.test.realm-of-the-worker',
  neighbour: 'isolane.test.realm-of-another-task',
};

/** Names that no code of a task may find in a global object. */
const SECRETS = ['Deno', '__bootstrap', 'process', 'require', 'module', 'Buffer', 'isolane', 'rustyscript', 'ops'];

/** The intrinsics of the current realm, found by syntax alone. */
function ownIntrinsics() {
  const { getPrototypeOf } = Reflect;
  let error;
  try {
    null.x;
  } catch (thrown) {
    error = getPrototypeOf(getPrototypeOf(thrown));
  }
  return {
    object: getPrototypeOf({}),
    function: getPrototypeOf(() => {}),
    error,
    global: globalThis,
  };
}

/** @param {object} own - of `ownIntrinsics`; those of another realm make the probe report everything */
function probe(own, marks, secrets) {
  const { apply, construct, defineProperty, getOwnPropertyDescriptor, getPrototypeOf, has, ownKeys } = Reflect;
  const { stringify } = JSON;
  const { isError } = Error;
  const log = console.log;
  const wait = setTimeout;
  const ObjectOwn = Object;
  const ErrorOwn = Error;
  const PromiseOwn = Promise;
  const ProxyOwn = Proxy;
  const ReflectOwn = { __proto__: null, ...Object.getOwnPropertyDescriptors(Reflect) };
  const { iterator, toPrimitive, toStringTag } = Symbol;
  const symbolText = Symbol.prototype.toString;
  const { bind } = Function.prototype;
  const { then } = Promise.prototype;
  const { add, has: contains } = WeakSet.prototype;
  const symbolFor = Symbol.for;
  const MOST = 20_000;
  const MOST_FOUND = 12;
  const MOST_HERE = 60;

  const seen = new WeakSet();
  const list = () => ({ __proto__: null, length: 0 });
  const put = (items, item) => {
    items[items.length] = item;
    items.length++;
  };
  const found = list();
  const missed = list();
  const queue = list();
  let next = 0;
  let looks = 0;
  let promises = 0;
  let heres = 0;

  const isObject = (value) => (typeof value === 'object' && value !== null) || typeof value === 'function';
  const isSeen = (value) => apply(contains, seen, [value]);
  const keyText = (key) => (typeof key === 'symbol' ? `[${apply(symbolText, key, [])}]` : `.${key}`);
  const isOp = (text) => typeof text === 'string' && text[0] === 'o' && text[1] === 'p' && text[2] === '_';

  const quietly = (get) => {
    try {
      return get();
    } catch {
      return undefined;
    }
  };

  function find(kind, path, value) {
    if (found.length >= MOST_FOUND) return;
    const sees = typeof value === 'function' ? powersOf(value) : '';
    put(found, `${kind}: ${path}${sees}`);
  }

  /** What the global object holds that code compiled by a function's constructor sees. */
  function powersOf(value) {
    const global = quietly(() => value.constructor('return globalThis')());
    if (!isObject(global) || global === own.global) return '';
    let text = '';
    for (let i = 0; i < secrets.length; i++) {
      if (quietly(() => global[secrets[i]]) !== undefined) text += ` ${secrets[i]}`;
    }
    return ` (its Function makes code of another global object${text && `, with${text}`})`;
  }

  const isRoot = (object) =>
    quietly(() => getPrototypeOf(object)) === null &&
    typeof quietly(() => getOwnPropertyDescriptor(object, 'hasOwnProperty').value) === 'function';

  function check(value, path) {
    let hasFunction = false;
    let hasError = false;
    let last = value;
    for (let depth = 0; depth < 100; depth++) {
      const proto = quietly(() => getPrototypeOf(last));
      // A proxy of the piece's own that refuses to say.
      if (proto === undefined) return;
      if (proto === null) break;
      last = proto;
      hasFunction ||= proto === own.function;
      hasError ||= proto === own.error;
    }
    if (last !== own.object && isRoot(last)) return find('object of another realm', path, value);
    if (typeof value === 'function') {
      if (!hasFunction && value !== own.function) return find('function of another realm', path, value);
      const made = quietly(() => getPrototypeOf(construct(ObjectOwn, [], apply(bind, value, []))));
      if (isObject(made) && made !== own.object && isRoot(made)) {
        return find('constructor of another realm', path, value);
      }
      if (isOp(quietly(() => getOwnPropertyDescriptor(value, 'name').value))) find('op', path, value);
    } else if (!hasError && isError?.(value) && value !== own.error) {
      return find('error of another realm', path, value);
    }
    for (let i = 0; i < marks.length; i++) {
      const mark = symbolFor(marks[i]);
      // Where code runs in a marked realm itself, a piece of its own says so.
      if (!(mark in own.global) && quietly(() => has(value, mark))) find(marks[i], path, value);
    }
  }

  function enqueue(value, path) {
    if (!isObject(value) || isSeen(value) || queue.length > MOST) return;
    // It is easily reached, and holds much: a piece says when it is to be walked.
    if (value === own.global && path !== 'globalThis') return;
    apply(add, seen, [value]);
    put(queue, { __proto__: null, value, path });
  }

  function look(value, path) {
    check(value, path);
    const keys = quietly(() => ownKeys(value)) ?? [];
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i];
      if (isOp(key)) find('op', `${path}.${key}`);
      const descriptor = quietly(() => getOwnPropertyDescriptor(value, key));
      if (descriptor === undefined) continue;
      const at = path + keyText(key);
      enqueue(descriptor.value, at);
      enqueue(descriptor.get, `get ${at}`);
      enqueue(descriptor.set, `set ${at}`);
      if (descriptor.get !== undefined) read(value, descriptor.get, at);
    }
    let proto = quietly(() => getPrototypeOf(value));
    enqueue(proto, `${path}.__proto__`);
    if (typeof value !== 'function') {
      for (let depth = 0; depth < 6 && isObject(proto) && proto !== own.object; depth++) {
        readAll(value, proto, path);
        proto = quietly(() => getPrototypeOf(proto));
      }
    }
    enqueue(
      quietly(() => value.constructor),
      `${path}.constructor`,
    );
    if (isObject(value) && typeof quietly(() => value.then) === 'function') follow(value, path);
  }

  function readAll(value, proto, path) {
    const keys = quietly(() => ownKeys(proto)) ?? [];
    for (let i = 0; i < keys.length; i++) {
      const get = quietly(() => getOwnPropertyDescriptor(proto, keys[i]).get);
      if (get !== undefined) read(value, get, path + keyText(keys[i]));
    }
  }

  /** A rejected promise that nobody has followed would fail the task. */
  function calm(value) {
    if (!isObject(value)) return value;
    try {
      apply(then, value, [() => {}, () => {}]);
    } catch {
      // Not a promise.
    }
    return value;
  }

  function read(value, get, path) {
    try {
      enqueue(calm(apply(get, value, [])), path);
    } catch (error) {
      enqueue(error, `error of ${path}`);
    }
  }

  /** What a promise is settled with; a promise that nobody follows would fail the task. */
  function follow(promise, path) {
    try {
      const followed = apply(then, promise, [
        (value) => see(`value of ${path}`, value),
        (error) => see(`reason of ${path}`, error),
      ]);
      promises++;
      check(followed, `${path}.then()`);
    } catch {
      // A thenable, not a promise: the pieces call those themselves.
    }
  }

  function see(path, value) {
    looks++;
    enqueue(value, path);
    // A hook that is read on the way comes here again.
    while (next < queue.length) {
      const item = queue[next];
      queue[next] = undefined;
      next++;
      look(item.value, item.path);
    }
  }

  /** The call sites of the stack, and what they tell of functions and receivers. */
  function seeSites(path) {
    const before = getOwnPropertyDescriptor(ErrorOwn, 'prepareStackTrace');
    let given;
    const value = (error, sites) => {
      given = { __proto__: null, error, sites };
      return sites;
    };
    defineProperty(ErrorOwn, 'prepareStackTrace', { __proto__: null, value, configurable: true, writable: true });
    const error = new ErrorOwn('stack');
    see(`${path} stack`, error.stack);
    if (before === undefined) delete ErrorOwn.prepareStackTrace;
    else defineProperty(ErrorOwn, 'prepareStackTrace', before);
    // There are none while V8 prepares a stack.
    if (given === undefined) return;
    see(`${path} prepareStackTrace error`, given.error);
    for (let i = 0; i < given.sites.length; i++) seeSite(`${path} site ${i}`, given.sites[i]);
  }

  function seeSite(path, site) {
    see(path, site);
    const keys = ownKeys(getPrototypeOf(site));
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i];
      if (typeof key !== 'string' || key === 'constructor' || typeof site[key] !== 'function') continue;
      tries(`${path}.${key}()`, () => apply(site[key], site, []));
    }
  }

  /** Receiver, arguments, callers and call sites of a function that somebody else has called. */
  function here(path, receiver, args) {
    // It may be called by what it does itself, and by loops.
    if (heres++ > MOST_HERE) return;
    see(`${path} this`, receiver);
    see(`${path} arguments`, args);
    for (let i = 0; i < (args?.length ?? 0); i++) see(`${path} argument ${i}`, args[i]);
    let callee = quietly(() => args.callee);
    for (let depth = 0; depth < 12 && typeof callee === 'function'; depth++) {
      see(`${path} caller ${depth}`, callee);
      const from = callee;
      see(
        `${path} arguments of caller ${depth}`,
        quietly(() => from.arguments),
      );
      callee = quietly(() => from.caller);
    }
    seeSites(path);
  }

  function tries(path, run) {
    try {
      const value = calm(run());
      see(path, value);
      return value;
    } catch (error) {
      see(`error of ${path}`, error);
      see(
        `stack of ${path}`,
        quietly(() => error.stack),
      );
      return undefined;
    }
  }

  function throws(path, run) {
    try {
      see(path, run());
    } catch (error) {
      if (!isObject(error)) put(missed, `${path}: it threw no object`);
      see(`error of ${path}`, error);
      return error;
    }
    put(missed, `${path}: it threw nothing`);
    return undefined;
  }

  async function triesAsync(path, run) {
    try {
      const promise = run();
      see(`promise of ${path}`, promise);
      const value = await promise;
      see(path, value);
      return value;
    } catch (error) {
      see(`reason of ${path}`, error);
      return undefined;
    }
  }

  async function rejects(path, run) {
    try {
      const promise = run();
      see(`promise of ${path}`, promise);
      await promise;
    } catch (error) {
      if (!isObject(error)) put(missed, `${path}: it rejected with no object`);
      see(`reason of ${path}`, error);
      return error;
    }
    put(missed, `${path}: it did not reject`);
    return undefined;
  }

  /** Calls a function in the last frames of a full stack, each time with a little more room. */
  function deepest(path, run) {
    const kept = list();
    let frame = 0;
    const keep = (value) => {
      if (isObject(value) && kept.length < 400) put(kept, calm(value));
    };
    const dive = () => {
      try {
        dive();
      } catch (error) {
        keep(error);
      }
      frame++;
      if (frame > 640 || (frame > 40 && frame % 16 !== 0)) return;
      try {
        keep(run());
      } catch (error) {
        keep(error);
      }
    };
    try {
      dive();
    } catch (error) {
      keep(error);
    }
    if (frame < 100) put(missed, `${path}: the stack was never full`);
    for (let i = 0; i < kept.length; i++) see(`${path}, with a full stack`, kept[i]);
  }

  /** Code that a function constructor compiles must see the own global object. */
  function compiles(path, Constructor) {
    const body = 'return globalThis';
    const outcome = tries(`${path}(${body})`, () => Constructor(body));
    if (typeof outcome !== 'function') return put(missed, `${path} compiles nothing`);
    const compiled = tries(`${path} call`, () => outcome());
    const judge = (global) => {
      if (!isObject(global)) return;
      if (global !== own.global) find('code of another global object', path);
      for (let i = 0; i < secrets.length; i++) {
        if (global[secrets[i]] !== undefined) find('secret', `${path} sees ${secrets[i]}`);
      }
    };
    if (typeof compiled?.next === 'function') {
      const step = compiled.next();
      if (typeof step.then === 'function') return apply(then, step, [({ value }) => judge(value)]);
      return judge(step.value);
    }
    if (typeof compiled?.then === 'function') return apply(then, compiled, [judge]);
    return judge(compiled);
  }

  /** An argument that looks at whoever reads it, in every way there is. */
  function hook(path) {
    const hooked = (name, result) =>
      function () {
        here(`${path} ${name}`, this, arguments);
        return result;
      };
    const hooks = {
      toString: hooked('toString', 'x'),
      valueOf: hooked('valueOf', 1),
      toJSON: hooked('toJSON', 1),
      [toPrimitive]: hooked('toPrimitive', '1'),
      get [toStringTag]() {
        here(`${path} toStringTag`, this, arguments);
        return 'Hook';
      },
      get length() {
        here(`${path} length`, this, arguments);
        return 1;
      },
      [iterator]: function* () {
        here(`${path} iterator`, this, arguments);
        yield this;
      },
      [symbolFor('nodejs.util.inspect.custom')]: hooked('inspect', 'x'),
      [symbolFor('Deno.customInspect')]: hooked('customInspect', 'x'),
      [symbolFor('Deno.privateCustomInspect')]: hooked('privateCustomInspect', 'x'),
      get name() {
        here(`${path} name`, this, arguments);
        return 'AES-GCM';
      },
    };
    apply(add, seen, [hooks]);
    return hooks;
  }

  /** A proxy whose every trap looks at what it is given. */
  function spy(path, target = {}) {
    const handler = { __proto__: null };
    const traps = ownKeys(ReflectOwn);
    for (let i = 0; i < traps.length; i++) {
      const trap = traps[i];
      const behave = ReflectOwn[trap].value;
      if (typeof behave !== 'function') continue;
      handler[trap] = (...args) => {
        for (let n = 0; n < args.length; n++) see(`${path} ${trap} argument ${n}`, args[n]);
        seeSites(`${path} ${trap}`);
        return apply(behave, undefined, args);
      };
    }
    const proxy = new ProxyOwn(target, handler);
    apply(add, seen, [proxy]);
    return proxy;
  }

  const missing = (what) => put(missed, `not there: ${what}`);

  /** Says what was seen, in a line on the console that nobody can take away. */
  async function tell() {
    for (let before = -1, turns = 0; before !== promises && turns < 5; turns++) {
      before = promises;
      await new PromiseOwn((resolve) => wait(resolve, 0));
    }
    tellNow();
  }

  function tellNow() {
    const texts = (items) => {
      let text = '';
      for (let i = 0; i < items.length; i++) text += (i > 0 ? ',' : '') + stringify(items[i]);
      return `[${text}]`;
    };
    log(`REPORT {"looks":${looks},"objects":${next},"found":${texts(found)},"missed":${texts(missed)}}`);
  }

  return {
    compiles,
    deepest,
    find,
    here,
    hook,
    missing,
    own,
    rejects,
    see,
    seeSites,
    spy,
    tell,
    tellNow,
    throws,
    tries,
    triesAsync,
  };
}

/** The first lines of every piece; `$` is the probe. */
const PRELUDE = [
  `const $ = (${probe})(globalThis.foreignIntrinsics ?? (${ownIntrinsics})(),`,
  `  ${JSON.stringify(Object.values(MARKS))}, ${JSON.stringify(SECRETS)});`,
].join('\n');

module.exports = { MARKS, ownIntrinsics, PRELUDE, SECRETS };
