'use strict';

const { matchesNode, since } = require('../support/node-parity.js');

matchesNode('timers', {
  'run in the order of their delays, and of their start where these are equal': async () => {
    const seen = [];
    setTimeout(() => seen.push('c'), 15);
    setTimeout(() => seen.push('a'), 1);
    setTimeout(() => seen.push('b'), 1);
    setTimeout(() => seen.push('d'), 15);
    await later(60);
    return seen;
  },
  'delays below one and what is no number are one': async () => {
    const seen = [];
    const delays = [0, -5, Number.NaN, 'x', undefined, null, {}, [], 0.5, '1', true, 1.9, Infinity, 2 ** 31, 1e20];
    for (const delay of [...delays, -Infinity]) setTimeout(() => seen.push(delay), delay);
    await later(40);
    return seen;
  },
  'no delay is one': async () => {
    const seen = [];
    setTimeout(() => seen.push('a'), 1);
    setTimeout(() => seen.push('b'));
    await later(20);
    return seen;
  },
  'arguments are handed on': async () => {
    const seen = [];
    setTimeout((...args) => seen.push(args), 1, 'a', 2, null);
    setImmediate((...args) => seen.push(args), 'b', undefined);
    await new Promise((resolve) => {
      const id = setInterval(
        (...args) => {
          seen.push(args);
          clearInterval(id);
          resolve();
        },
        15,
        'c',
        {},
      );
    });
    return seen.sort();
  },
  'a callback that is no function is a TypeError': () =>
    ['code()', undefined, null, {}, 5].map((callback) => [
      thrownBy(() => setTimeout(callback)),
      thrownBy(() => setInterval(callback)),
      thrownBy(() => setImmediate(callback)),
    ]),
  'a delay that cannot be a number is a TypeError': () => [
    thrownBy(() => setTimeout(() => {}, 5n)),
    thrownBy(() => setTimeout(() => {}, Symbol('a'))),
  ],
  'cleared ones do not run': async () => {
    const seen = [];
    clearTimeout(setTimeout(() => seen.push('timeout'), 1));
    clearInterval(setInterval(() => seen.push('interval'), 1));
    clearImmediate(setImmediate(() => seen.push('immediate')));
    await later(20);
    return seen;
  },
  'each of clearTimeout and clearInterval clears both': async () => {
    const seen = [];
    clearInterval(setTimeout(() => seen.push('timeout'), 1));
    clearTimeout(setInterval(() => seen.push('interval'), 1));
    await later(20);
    return seen;
  },
  'a callback can clear others that are due': async () => {
    const seen = [];
    let second;
    setTimeout(() => {
      seen.push('first');
      clearTimeout(second);
    }, 1);
    second = setTimeout(() => seen.push('second'), 1);
    await later(20);
    return seen;
  },
  'a callback can clear itself': async () => {
    const seen = [];
    const id = setTimeout(() => {
      clearTimeout(id);
      seen.push(1);
    }, 1);
    await later(20);
    return seen;
  },
  'an interval ends when its callback clears it': async () => {
    let count = 0;
    await new Promise((resolve) => {
      const id = setInterval(() => {
        if (++count === 3) {
          clearInterval(id);
          setTimeout(resolve, 20);
        }
      }, 1);
    });
    return count;
  },
  'an interval can be cleared from elsewhere': async () => {
    let count = 0;
    const id = setInterval(() => count++, 2);
    while (count < 3) await later(2);
    clearInterval(id);
    const before = count;
    await later(20);
    return count === before;
  },
  'clearing what is none does nothing': () =>
    [undefined, null, 0, -1, 1e9, 'x', {}, [], Number.NaN, true, () => {}, 5n].map((id) => [
      thrownBy(() => clearTimeout(id)),
      thrownBy(() => clearInterval(id)),
    ]),
  'clearing twice does nothing': async () => {
    const seen = [];
    const id = setTimeout(() => {}, 1);
    clearTimeout(id);
    setTimeout(() => seen.push('other'), 1);
    clearTimeout(id);
    await later(20);
    return seen;
  },
  'timers set in a callback run later': async () => {
    const seen = [];
    setTimeout(() => {
      seen.push('outer');
      setTimeout(() => seen.push('inner'), 1);
      seen.push('end of outer');
    }, 1);
    setTimeout(() => seen.push('next'), 1);
    await later(30);
    return seen;
  },
  'nested timers are not held back to four milliseconds': async () => {
    let shortest = Infinity;
    for (let i = 0; i < 30; i++) {
      const begin = Date.now();
      await later(1);
      if (i > 5) shortest = Math.min(shortest, Date.now() - begin);
    }
    return shortest < 4;
  },
  'immediates run in order, and one set by another in the next turn': async () => {
    const seen = [];
    setImmediate(() => {
      seen.push('a');
      setImmediate(() => seen.push('c'));
    });
    setImmediate(() => seen.push('b'));
    await later(20);
    return seen;
  },
  'an immediate can clear the next one': async () => {
    const seen = [];
    let second;
    setImmediate(() => {
      seen.push('first');
      clearImmediate(second);
    });
    second = setImmediate(() => seen.push('second'));
    await later(20);
    return seen;
  },
  'an immediate comes before a timer of some milliseconds': async () => {
    const seen = [];
    await new Promise((resolve) => {
      setTimeout(() => resolve(seen.push('timeout')), 100);
      setImmediate(() => seen.push('immediate'));
    });
    return seen;
  },
  'a chain of immediates takes no millisecond for each': async () => {
    let shortest = Infinity;
    for (let i = 0; i < 20; i++) {
      const begin = Date.now();
      for (let j = 0; j < 50; j++) await new Promise((resolve) => setImmediate(resolve));
      shortest = Math.min(shortest, Date.now() - begin);
    }
    return shortest < 50;
  },
  'immediates let timers through': async () => {
    let stop = false;
    setTimeout(() => {
      stop = true;
    }, 5);
    const begin = Date.now();
    while (!stop && Date.now() - begin < 2000) await new Promise((resolve) => setImmediate(resolve));
    return stop;
  },
  'an immediate set in a timer comes before the next timer': async () => {
    const seen = [];
    await new Promise((resolve) => {
      setTimeout(() => {
        setTimeout(() => {
          seen.push('timeout');
          resolve();
        }, 1);
        setImmediate(() => seen.push('immediate'));
      }, 1);
    });
    return seen;
  },
  'microtasks run after the code, and before timers': async () => {
    const seen = [];
    setTimeout(() => seen.push('timeout'), 0);
    queueMicrotask(() => seen.push('microtask'));
    Promise.resolve().then(() => seen.push('then'));
    (async () => {
      await null;
      seen.push('await');
    })();
    seen.push('code');
    await later(20);
    return seen;
  },
  'microtasks of a callback run before the next callback': async () => {
    const seen = [];
    setTimeout(() => {
      seen.push('first');
      queueMicrotask(() => seen.push('microtask'));
      Promise.resolve().then(() => seen.push('then'));
    }, 1);
    setTimeout(() => seen.push('second'), 1);
    setImmediate(() => {});
    await later(20);
    return seen;
  },
  'microtasks of immediates run before the next immediate': async () => {
    const seen = [];
    setImmediate(() => {
      seen.push('first');
      queueMicrotask(() => seen.push('microtask'));
    });
    setImmediate(() => seen.push('second'));
    await later(20);
    return seen;
  },
  'microtasks may queue others': async () => {
    const seen = [];
    queueMicrotask(() => {
      seen.push(1);
      queueMicrotask(() => seen.push(3));
    });
    queueMicrotask(() => seen.push(2));
    await later(5);
    return seen;
  },
  'queueMicrotask asks for a function': () =>
    [undefined, null, 'a', {}].map((callback) => thrownBy(() => queueMicrotask(callback))),
  'queueMicrotask gives nothing': () => [typeof queueMicrotask(() => {}), queueMicrotask.length],
  'this in a callback is the timer': async () => {
    const outcome = {};
    const id = setTimeout(function callback() {
      outcome.timeout = this === id;
    }, 1);
    const other = setInterval(function callback() {
      outcome.interval = this === other;
      clearInterval(other);
    }, 1);
    const immediate = setImmediate(function callback() {
      outcome.immediate = this === immediate;
    });
    await later(30);
    return outcome;
  },
  'a timer is an object that is a number where one is asked for': async () => {
    const seen = [];
    const timer = setTimeout(() => seen.push('ran'), 1);
    const number = +timer;
    clearTimeout(number);
    const other = setTimeout(() => seen.push('ran'), 1);
    clearTimeout(`${+other}`);
    await later(20);
    return [typeof timer, typeof number, number > 0, number === +timer, seen];
  },
  'numbers of timers differ': () => {
    const [a, b] = [setTimeout(() => {}, 1), setTimeout(() => {}, 1)];
    const differ = +a !== +b;
    clearTimeout(a);
    clearTimeout(b);
    return differ;
  },
  'timers can be unreferenced and referenced': () => {
    const timer = setTimeout(() => {}, 1);
    const steps = [timer.hasRef(), timer.unref() === timer, timer.hasRef(), timer.ref() === timer, timer.hasRef()];
    clearTimeout(timer);
    const immediate = setImmediate(() => {});
    steps.push(
      immediate.hasRef(),
      immediate.unref() === immediate,
      immediate.hasRef(),
      immediate.ref() === immediate,
      immediate.hasRef(),
    );
    clearImmediate(immediate);
    return steps;
  },
  'refresh begins the delay anew': async () => {
    const seen = [];
    const timer = setTimeout(() => seen.push('refreshed'), 20);
    setTimeout(() => seen.push('other'), 20);
    const same = timer.refresh() === timer;
    await later(60);
    return [same, seen];
  },
  'refresh runs a timer again that has run': async () => {
    let count = 0;
    const timer = setTimeout(() => count++, 1);
    await later(10);
    timer.refresh();
    await later(10);
    return count;
  },
  'refresh does not wake what was cleared': async () => {
    let count = 0;
    const timer = setTimeout(() => count++, 1);
    clearTimeout(timer);
    timer.refresh();
    await later(20);
    return count;
  },
  'close clears': async () => {
    const seen = [];
    const timer = setTimeout(() => seen.push('ran'), 1);
    const same = timer.close() === timer;
    await later(10);
    return [same, seen];
  },
  'names of classes': () => {
    const timer = setTimeout(() => {}, 1);
    const immediate = setImmediate(() => {});
    clearTimeout(timer);
    clearImmediate(immediate);
    return [
      timer.constructor.name,
      immediate.constructor.name,
      setInterval.name,
      setTimeout.name,
      setImmediate.name,
      clearTimeout.name,
      clearInterval.name,
      clearImmediate.name,
    ];
  },
  'timers are disposable': async () => {
    const seen = [];
    const dispose = Symbol.dispose ?? Symbol.for('nodejs.dispose');
    const timer = setTimeout(() => seen.push('timer'), 1);
    const immediate = setImmediate(() => seen.push('immediate'));
    timer[dispose]();
    immediate[dispose]();
    await later(20);
    return seen;
  },
  'a timer is no global thing': () => [typeof Timeout, typeof Immediate],
  'a timer does not outlive being collected': async () => {
    let ran = false;
    (() => {
      setTimeout(() => {
        ran = true;
      }, 5);
    })();
    for (let i = 0; i < 100; i++) new Array(1000).fill({});
    await later(20);
    return ran;
  },
});

matchesNode('promises', {
  'unhandled at first, handled later': async () => {
    const promise = Promise.reject(new Error('a'));
    const caught = await promise.catch((error) => error.message);
    return caught;
  },
  'order of settling': async () => {
    const seen = [];
    const note = (name) => () => seen.push(name);
    Promise.resolve().then(note(1)).then(note(2));
    Promise.reject().catch(note(3)).finally(note(4));
    Promise.resolve(Promise.resolve()).then(note(5));
    new Promise((resolve) => resolve(Promise.resolve())).then(note(6));
    await later(5);
    return seen;
  },
  'allSettled, any, race, all': async () => [
    await Promise.allSettled([1, Promise.reject(new RangeError('a'))]).then((list) =>
      list.map(({ status, value, reason }) => [status, value, reason?.name]),
    ),
    await nameOf(() => Promise.any([Promise.reject(1)])),
    await Promise.race([later(20), 'fast']),
    await Promise.all([1, later(1)]),
  ],
  withResolvers: since(22, async () => {
    const { promise, resolve } = Promise.withResolvers();
    setTimeout(resolve, 1, 'done');
    return promise;
  }),
});
